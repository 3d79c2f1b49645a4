import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Page, PageRequest } from '#platform/http';
import type { Instrument } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';

/** Instruments whose symbol, name or alias contains the text, in the order of the catalogue. */
export class ListInstruments extends Query<Page<Instrument>> {
  constructor(
    readonly text: string,
    readonly types: readonly Instrument['type'][] | undefined,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListInstruments)
export class ListInstrumentsHandler implements IQueryHandler<ListInstruments> {
  constructor(private readonly catalogue: Catalogue) {}

  execute({ text, types, page: { page, perPage } }: ListInstruments): Promise<Page<Instrument>> {
    const found = this.catalogue.search(text, types);
    const items = found.slice((page - 1) * perPage, page * perPage);
    return Promise.resolve({ items, page, perPage, total: found.length, totalExact: true });
  }
}

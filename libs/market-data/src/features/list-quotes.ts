import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { Page, PageRequest } from '#platform/http';
import { FindQuotes, type Quote } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';

/** The quotes of these symbols or aliases on one page; a page of all quotes when none is named. */
export class ListQuotes extends Query<Page<Quote>> {
  constructor(
    readonly symbols: readonly string[] | undefined,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListQuotes)
export class ListQuotesHandler implements IQueryHandler<ListQuotes> {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly queries: QueryBus,
  ) {}

  async execute({ symbols: named, page: { page, perPage } }: ListQuotes): Promise<Page<Quote>> {
    if (named) {
      const symbols = [...new Set(named.flatMap((name) => this.catalogue.find(name)?.symbol ?? []))];
      const items = await this.queries.execute(new FindQuotes(symbols));
      return { items, page: 1, perPage: symbols.length, total: symbols.length, totalExact: true };
    }
    const symbols = this.catalogue.listings.map(({ symbol }) => symbol);
    const items = await this.queries.execute(
      new FindQuotes(symbols.slice((page - 1) * perPage, page * perPage)),
    );
    return { items, page, perPage, total: symbols.length, totalExact: true };
  }
}

import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { FindInstrument, type Instrument } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';

@QueryHandler(FindInstrument)
export class FindInstrumentHandler implements IQueryHandler<FindInstrument> {
  constructor(private readonly catalogue: Catalogue) {}

  execute({ symbolOrAlias }: FindInstrument): Promise<Instrument | null> {
    return Promise.resolve(this.catalogue.find(symbolOrAlias) ?? null);
  }
}

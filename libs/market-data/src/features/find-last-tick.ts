import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { FindLastTick, type LastTick } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';

@QueryHandler(FindLastTick)
export class FindLastTickHandler implements IQueryHandler<FindLastTick> {
  constructor(
    private readonly database: Database,
    private readonly catalogue: Catalogue,
  ) {}

  async execute({ symbol }: FindLastTick): Promise<LastTick | null> {
    const listing = this.catalogue.find(symbol);
    if (!listing) return null;
    const [tick] = await this.database.sql<LastTick>`
      select source, tick_id as id, trim_scale(price)::text as price, at
      from market_data.last_ticks where symbol = ${listing.symbol} and source = ${listing.source}`;
    return tick ?? null;
  }
}

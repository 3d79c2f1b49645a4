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
      select tick.source, tick.tick_id as id, trim_scale(tick.price)::text as price, tick.at
      from market_data.last_ticks as tick
      join market_data.feed_states as feed using (symbol, source)
      where symbol = ${listing.symbol} and source = ${listing.source}
        and feed.state = 'live' and feed.confirmed_at > now() - interval '30 seconds'`;
    return tick ?? null;
  }
}

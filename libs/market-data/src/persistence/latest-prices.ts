import { Injectable } from '@nestjs/common';
import { Database } from '#platform/persistence';
import type { Tick } from '../contracts/index.ts';
import type { DayStatistics, FeedState } from '../feeds/price-feed.ts';

/** What a feed said last about one symbol. */
export interface StateChange {
  readonly symbol: string;
  readonly source: string;
  readonly state: FeedState;
  readonly reason: string | null;
  readonly since: Date;
}

/** The latest of each symbol and source, many in one statement. Each row only goes forward in time. */
@Injectable()
export class LatestPrices {
  constructor(private readonly database: Database) {}

  async saveTicks(ticks: readonly Tick[]): Promise<void> {
    const rows = ticks.map(({ symbol, source, id, price, quantity, at }) => ({
      symbol,
      source,
      tick_id: id,
      price,
      quantity,
      at,
    }));
    await this.database.sql`
      insert into market_data.last_ticks as kept (symbol, source, tick_id, price, quantity, at)
      select symbol, source, tick_id, price, quantity, at
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as tick(symbol text, source text, tick_id bigint, price numeric, quantity numeric, at timestamptz)
      order by symbol, source
      on conflict (symbol, source) do update
        set tick_id = excluded.tick_id, price = excluded.price, quantity = excluded.quantity, at = excluded.at
        where excluded.tick_id > kept.tick_id`;
  }

  async saveStatistics(statistics: readonly DayStatistics[]): Promise<void> {
    await this.database.sql`
      insert into market_data.day_statistics as kept (symbol, source, last, open, high, low, volume, at)
      select symbol, source, last, open, high, low, volume, at
      from json_to_recordset(${JSON.stringify(statistics)}::json)
        as day(symbol text, source text, last numeric, open numeric, high numeric, low numeric, volume numeric,
          at timestamptz)
      order by symbol, source
      on conflict (symbol, source) do update
        set last = excluded.last, open = excluded.open, high = excluded.high, low = excluded.low,
          volume = excluded.volume, at = excluded.at
        where excluded.at > kept.at`;
  }

  /**
   * A feed that is not live leaves the word of another process that is, for as long as that one repeats it; `wasLive`
   * tells those whose own word it was.
   */
  async saveStates(states: readonly (StateChange & { readonly wasLive: boolean })[]): Promise<void> {
    await this.database.sql`
      insert into market_data.feed_states as kept (symbol, source, state, reason, since)
      select symbol, source, change.state, change.reason, change.since
      from json_to_recordset(${JSON.stringify(states)}::json)
        as change(symbol text, source text, state text, reason text, since timestamptz, "wasLive" boolean)
        left join market_data.feed_states as other using (symbol, source)
      where change.state = 'live' or change."wasLive" or other.state is distinct from 'live'
        or other.confirmed_at < now() - interval '30 seconds'
      order by symbol, source
      on conflict (symbol, source) do update
        set state = excluded.state, reason = excluded.reason, since = excluded.since, confirmed_at = now()`;
  }
}

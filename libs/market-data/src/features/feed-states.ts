import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import { Metrics, remembered } from '#platform/metrics';
import { Database } from '#platform/persistence';
import { Catalogue } from '../domain/catalogue.ts';

interface Row {
  readonly source: string;
  readonly state: string;
  readonly symbols: number;
}

/** Tells how the feeds of the installation are, whichever process runs them. In the api only. */
@Injectable()
export class FeedStates {
  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly catalogue: Catalogue,
    private readonly config: Config,
  ) {
    const states = remembered(() => this.read());
    metrics.gauge(
      'tocsin_feed_symbols',
      'Watched symbols by the state of their feed: connecting, live, stale, unreachable, or none before the first word.',
      ['source', 'state'],
      async () => (await states()).map(({ source, state, symbols }) => [{ source, state }, symbols]),
    );
  }

  /** Of each symbol only the source that decides its alerts. A feed that was killed has not said so. */
  private read(): Promise<Row[]> {
    const named = this.config.marketSymbols.flatMap((name) => this.catalogue.find(name)?.symbol ?? []);
    const sources = JSON.stringify(this.catalogue.listings.map(({ symbol, source }) => ({ symbol, source })));
    return this.database.sql<Row>`
      select source, case when state = 'live' and confirmed_at < now() - interval '30 seconds' then 'stale'
          else coalesce(state, 'none') end as state, count(*) as symbols
      from json_to_recordset(${sources}::json) as listing(symbol text, source text)
        left join market_data.feed_states using (symbol, source)
      where symbol = any(${named}) or symbol in (select symbol from market_data.watched_symbols)
      group by 1, 2`;
  }
}

import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { Database } from '#platform/persistence';
import { FindQuotes, type Quote } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';
import { quoteOf } from '../domain/quote.ts';

interface Row {
  readonly symbol: string;
  readonly state: string | null;
  readonly price: string | null;
  readonly tradedAt: Date;
  readonly last: string | null;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly volume: string;
  readonly measuredAt: Date;
}

@QueryHandler(FindQuotes)
export class FindQuotesHandler implements IQueryHandler<FindQuotes> {
  constructor(
    private readonly database: Database,
    private readonly catalogue: Catalogue,
    private readonly clock: Clock,
  ) {}

  async execute({ symbols }: FindQuotes): Promise<Quote[]> {
    const wanted = symbols.flatMap((symbol) => this.catalogue.find(symbol) ?? []);
    const rows = new Map((await this.read(wanted)).map((row) => [row.symbol, row]));
    const now = this.clock.now();
    return wanted.map((listing) => {
      const row = rows.get(listing.symbol)!;
      const { state, price, tradedAt, last, open, high, low, volume, measuredAt } = row;
      const trade = price === null ? null : { price, at: tradedAt };
      const day = last === null ? null : { last, open, high, low, volume, at: measuredAt };
      return quoteOf(listing, { state, trade, day }, now);
    });
  }

  /** One row for each, also when nothing was recorded of it, and only of the source that decides its alerts. */
  private read(wanted: readonly { symbol: string; source: string }[]): Promise<Row[]> {
    const keys = JSON.stringify(wanted.map(({ symbol, source }) => ({ symbol, source })));
    return this.database.sql<Row>`
      select symbol, feed.state, trim_scale(tick.price)::text as price, tick.at as "tradedAt",
        trim_scale(day.last)::text as last, trim_scale(day.open)::text as open,
        trim_scale(day.high)::text as high, trim_scale(day.low)::text as low,
        trim_scale(day.volume)::text as volume, day.at as "measuredAt"
      from json_to_recordset(${keys}::json) as wanted(symbol text, source text)
        left join market_data.last_ticks as tick using (symbol, source)
        left join market_data.day_statistics as day using (symbol, source)
        left join market_data.feed_states as feed using (symbol, source)`;
  }
}

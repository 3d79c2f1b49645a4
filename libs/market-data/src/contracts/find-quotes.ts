import { Query } from '@nestjs/cqrs';

/** What is known of a symbol now; decimals are strings in the instrument's currency, null means not known. */
export interface Quote {
  readonly symbol: string;
  readonly price: string | null;
  readonly dayHigh: string | null;
  readonly dayLow: string | null;
  readonly volume24h: string | null;
  readonly volumeUnit: string | null;
  readonly marketCap: string | null;
  readonly change24hPercent: string | null;
  readonly source: string;
  readonly asOf: Date | null;
  /** True while the source is silent or cannot be reached. */
  readonly stale: boolean;
}

/** The quotes of these symbols, in the given order; unknown symbols are left out. */
export class FindQuotes extends Query<Quote[]> {
  constructor(readonly symbols: readonly string[]) {
    super();
  }
}

/** The newest recorded trade of a symbol: what "the last price" of an alert's creation means. */
export interface LastTick {
  readonly source: string;
  readonly id: number;
  readonly price: string;
  readonly at: Date;
}

/**
 * The last trade of a symbol from the source that decides its alerts; null before the first one, and while its
 * feed is not live: the last recorded trade may then be hours behind the market.
 */
export class FindLastTick extends Query<LastTick | null> {
  constructor(readonly symbol: string) {
    super();
  }
}

import { Big } from 'big.js';
import type { Instrument, Quote } from '../contracts/index.ts';

/** What was recorded of a symbol from its source; decimals are normalised strings. */
export interface Observation {
  /** The last word of the feed about itself; null when no feed of this source has run yet. */
  readonly state: string | null;
  readonly trade: { readonly price: string; readonly at: Date } | null;
  readonly day: {
    readonly last: string;
    readonly open: string;
    readonly high: string;
    readonly low: string;
    readonly volume: string;
    readonly at: Date;
  } | null;
}

/** How long a source may say nothing of a symbol before its price counts as old. */
const silenceMs = (source: string): number => (source === 'simulated' ? 10_000 : 60_000);

/** Puts together what is known of a symbol at this moment. */
export function quoteOf(instrument: Instrument, { state, trade, day }: Observation, now: Date): Quote {
  // Trades being caught up on are older than the statistics, which then know the price better.
  const price = trade && (!day || trade.at >= day.at) ? trade.price : (day?.last ?? null);
  const asOf = [trade?.at, day?.at].reduce<Date | null>(
    (newest, at) => (at && (!newest || at > newest) ? at : newest),
    null,
  );
  return {
    symbol: instrument.symbol,
    price,
    dayHigh: day?.high ?? null,
    dayLow: day?.low ?? null,
    volume24h: day?.volume ?? null,
    volumeUnit: day ? instrument.currency : null,
    marketCap: null,
    change24hPercent: price !== null && day ? percentChange(day.open, price) : null,
    source: instrument.source,
    asOf,
    // The state alone would not do: a feed whose process was killed has not said so.
    stale: state !== 'live' || !asOf || now.getTime() - asOf.getTime() > silenceMs(instrument.source),
  };
}

/** Three decimals, as exchanges print it. */
function percentChange(from: string, to: string): string | null {
  const start = new Big(from);
  if (start.lte(0)) return null;
  const text = new Big(to).minus(start).times(100).div(start).round(3).toFixed();
  return text === '-0' ? '0' : text;
}

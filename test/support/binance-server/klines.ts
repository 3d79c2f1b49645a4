import { fromUnits, multiplyUnits, toUnits } from './fixed-point.ts';
import type { Trade } from './trade.ts';

/** Milliseconds of the intervals that divide a day, by Binance's names. */
export const KLINE_INTERVALS: Readonly<Record<string, number>> = {
  '1s': 1_000,
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
};

/** A bar as `/api/v3/klines` gives it: twelve columns, from the open time to one that is not used. */
export type Kline = readonly [
  openTime: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  closeTime: number,
  quoteVolume: string,
  trades: number,
  takerVolume: string,
  takerQuoteVolume: string,
  unused: '0',
];

/** Bars of these trades from the first to the last; an interval without a trade is a flat bar at the last close. */
export function klinesOf(trades: readonly Trade[], interval: number): Kline[] {
  const bars: Kline[] = [];
  const slots = Map.groupBy(trades, (trade) => Math.floor(trade.time / interval) * interval);
  let previous: string | undefined;
  let next: number | undefined;
  for (const [openTime, own] of slots) {
    for (let empty = next ?? openTime; empty < openTime; empty += interval)
      bars.push(flatBar(empty, interval, previous!));
    bars.push(bar(openTime, interval, own));
    previous = own.at(-1)!.price;
    next = openTime + interval;
  }
  return bars;
}

function bar(openTime: number, interval: number, trades: readonly Trade[]): Kline {
  const total = {
    high: 0n,
    low: toUnits(trades[0]!.price),
    volume: 0n,
    quote: 0n,
    taker: 0n,
    takerQuote: 0n,
  };
  for (const trade of trades) {
    const price = toUnits(trade.price);
    const quantity = toUnits(trade.quantity);
    const quote = multiplyUnits(price, quantity);
    total.high = price > total.high ? price : total.high;
    total.low = price < total.low ? price : total.low;
    total.volume += quantity;
    total.quote += quote;
    if (trade.buyerIsMaker) continue;
    total.taker += quantity;
    total.takerQuote += quote;
  }
  return [
    openTime,
    trades[0]!.price,
    fromUnits(total.high),
    fromUnits(total.low),
    trades.at(-1)!.price,
    fromUnits(total.volume),
    openTime + interval - 1,
    fromUnits(total.quote),
    trades.length,
    fromUnits(total.taker),
    fromUnits(total.takerQuote),
    '0',
  ];
}

function flatBar(openTime: number, interval: number, price: string): Kline {
  const zero = fromUnits(0n);
  return [openTime, price, price, price, price, zero, openTime + interval - 1, zero, 0, zero, zero, '0'];
}

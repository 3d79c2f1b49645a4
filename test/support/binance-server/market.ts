import { divideUnits, fromUnits, multiplyUnits, toUnits } from './fixed-point.ts';
import type { Trade } from './trade.ts';

/** Trades kept per symbol for REST; a looping replay forgets the oldest half beyond it. */
const KEPT = 500_000;

/** What has been played of one symbol: everything that REST and the mini ticker may know. */
export class SymbolMarket {
  readonly symbol: string;
  trades: Trade[] = [];
  private first: Trade | undefined;
  private high = 0n;
  private low = 0n;
  private volume = 0n;
  private quoteVolume = 0n;
  private count = 0;

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  get last(): Trade | undefined {
    return this.trades.at(-1);
  }

  add(trade: Trade): void {
    const price = toUnits(trade.price);
    const quantity = toUnits(trade.quantity);
    this.first ??= trade;
    this.high = price > this.high ? price : this.high;
    this.low = this.count === 0 || price < this.low ? price : this.low;
    this.volume += quantity;
    this.quoteVolume += multiplyUnits(price, quantity);
    this.count += 1;
    this.trades.push(trade);
    if (this.trades.length > KEPT) this.trades = this.trades.slice(-KEPT / 2);
  }

  /** The payload of `<symbol>@miniTicker`, over all that was played; null before the first trade. */
  miniTicker(now: number): object | null {
    if (!this.first || !this.last) return null;
    return {
      e: '24hrMiniTicker',
      E: now,
      s: this.symbol,
      c: this.last.price,
      o: this.first.price,
      h: fromUnits(this.high),
      l: fromUnits(this.low),
      v: fromUnits(this.volume),
      q: fromUnits(this.quoteVolume),
    };
  }

  /** An object of `/api/v3/ticker/24hr`; all zeros before the first trade, as Binance does for an idle symbol. */
  dayTicker(now: number): object {
    const open = this.first ? toUnits(this.first.price) : 0n;
    const last = this.last ? toUnits(this.last.price) : 0n;
    const percent = Number(divideUnits((last - open) * 100n, open)) / 1e8;
    return {
      symbol: this.symbol,
      priceChange: fromUnits(last - open),
      priceChangePercent: percent.toFixed(3),
      weightedAvgPrice: fromUnits(divideUnits(this.quoteVolume, this.volume)),
      prevClosePrice: fromUnits(open),
      lastPrice: fromUnits(last),
      lastQty: this.last?.quantity ?? fromUnits(0n),
      bidPrice: fromUnits(last),
      bidQty: fromUnits(0n),
      askPrice: fromUnits(last),
      askQty: fromUnits(0n),
      openPrice: fromUnits(open),
      highPrice: fromUnits(this.high),
      lowPrice: fromUnits(this.low),
      volume: fromUnits(this.volume),
      quoteVolume: fromUnits(this.quoteVolume),
      openTime: now - 86_400_000,
      closeTime: now,
      firstId: this.first?.id ?? -1,
      lastId: this.last?.id ?? -1,
      count: this.count,
    };
  }
}

/** The symbols of a recording, in the order in which they first appear. */
export function marketsOf(trades: readonly Trade[]): Map<string, SymbolMarket> {
  return new Map(
    [...new Set(trades.map((trade) => trade.symbol))].map((symbol) => [symbol, new SymbolMarket(symbol)]),
  );
}

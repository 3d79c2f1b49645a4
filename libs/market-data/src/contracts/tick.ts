/** One traded price of one symbol, as its source reported it. */
export interface Tick {
  /** Our symbol, such as `BTC-USD`. */
  readonly symbol: string;
  /** The feed that the tick came from, such as `binance`. */
  readonly source: string;
  /** The source's trade id: ascending per symbol and source. */
  readonly id: number;
  /** Exact decimal in the quote currency: no exponent, no trailing zeros, above zero. */
  readonly price: string;
  /** Exact decimal in units of the base currency, same form as the price. */
  readonly quantity: string;
  /** When the trade happened, by the source's clock. */
  readonly at: Date;
  /** When this process learned of it, by its own clock. */
  readonly receivedAt: Date;
  /** `live` came over the stream; `backfill` was fetched from the source's history. */
  readonly origin: 'live' | 'backfill';
}

/** Takes ticks of one or several symbols; each symbol's ascend by id. A rejection means: offer them again. */
export type TickListener = (ticks: readonly Tick[]) => Promise<void>;

/**
 * The ticks of this process, in process: each is superseded by the next, so none is stored for delivery.
 * Provided in the worker role `market` only.
 */
export abstract class TickStream {
  abstract subscribe(listener: TickListener): void;

  /**
   * Ticks with `fromId <= id <= throughId` from the source's history, ascending; what the source no longer
   * has is missing.
   */
  abstract history(symbol: string, fromId: number, throughId: number): Promise<Tick[]>;
}

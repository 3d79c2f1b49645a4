import type { Tick } from '../contracts/index.ts';

export type { Tick };

/** A symbol's rolling 24 hours; prices and volume are exact decimals in the quote currency. */
export interface DayStatistics {
  readonly symbol: string;
  readonly source: string;
  readonly last: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly volume: string;
  readonly at: Date;
}

/**
 * What a feed can say of a symbol: `connecting` (not live yet), `live` (nothing is missing up to now), `stale`
 * (was live, and something is missing), `unreachable` (the source does not answer).
 */
export type FeedState = 'connecting' | 'live' | 'stale' | 'unreachable';

/** Where a feed delivers to. */
export interface FeedSink {
  /**
   * Takes ticks of one or several symbols, each symbol's in ascending order of id and without repetition. A feed
   * waits for the answer before it calls again; after a rejection it offers the same ticks again.
   */
  ticks(ticks: readonly Tick[]): Promise<void>;
  statistics(statistics: readonly DayStatistics[]): void;
  /** Called only when the state of these symbols changes; the reason is a short phrase for people. */
  state(symbols: readonly string[], state: FeedState, reason?: string): void;
}

/** What a feed that has a connection has seen since its start. */
export interface FeedCounters {
  /** Connections that opened, and those that were lost. */
  readonly connections: number;
  readonly disconnections: number;
  /** Messages and rows of history that were dropped, by what was wrong with them. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Trades that had been seen before. */
  readonly late: number;
  /** Trades let go because the sink was too slow; history brings them again. */
  readonly shed: number;
  /** Spans that history filled, spans that it could not fill, and how many trades those are. */
  readonly filled: number;
  readonly gaps: number;
  readonly missing: number;
  readonly historyRequests: number;
  readonly historyFailures: number;
}

/** Reads the id of the last tick that was evaluated of a symbol; null when there is none yet. */
export type CursorOf = (symbol: string) => Promise<number | null>;

/** The port for a source of prices. */
export abstract class PriceFeed {
  abstract readonly source: string;
  /** Null for a feed without a connection. */
  abstract readonly counters: FeedCounters | null;

  /** Begins to follow the watched symbols, each from the tick after its cursor; returns before they are live. */
  abstract start(sink: FeedSink, cursorOf: CursorOf): Promise<void>;

  /** Follows these symbols too, before or after the start; symbols of other sources are passed over. */
  abstract watch(symbols: readonly string[]): void;

  /**
   * Trades with `fromId <= id <= throughId` from the source's history, ascending; those it no longer has are
   * missing. Rejects while the source does not answer.
   */
  abstract history(symbol: string, fromId: number, throughId: number): Promise<Tick[]>;

  /** Ends every connection; when it returns the sink is not called any more. */
  abstract stop(): Promise<void>;
}

import { REJECTIONS, type Rejection } from './binance-frames.ts';

/** What a Binance feed has seen since its start. */
export interface BinanceCounters {
  /** Frames of any kind that came over the stream. */
  frames: number;
  /** Trades handed on, by where they came from. */
  live: number;
  backfilled: number;
  /** Trades of the stream that had been seen before. */
  late: number;
  /** Frames and rows of history that were dropped, by what was wrong with them. */
  rejected: Record<Rejection, number>;
  /** Spans between the last trade handed on and the stream that history filled. */
  filled: number;
  /** Spans of ids that history does not have, and how many ids they are. */
  gaps: number;
  missing: number;
  /** Trades of the stream let go because the sink was too slow; history brings them again. */
  shed: number;
  /** Connections that opened, and those that were lost. */
  connections: number;
  disconnections: number;
  subscriptionsRefused: number;
  historyRequests: number;
  historyFailures: number;
  sinkFailures: number;
}

export function newCounters(): BinanceCounters {
  return {
    frames: 0,
    live: 0,
    backfilled: 0,
    late: 0,
    rejected: Object.fromEntries(REJECTIONS.map((reason) => [reason, 0])) as Record<Rejection, number>,
    filled: 0,
    gaps: 0,
    missing: 0,
    shed: 0,
    connections: 0,
    disconnections: 0,
    subscriptionsRefused: 0,
    historyRequests: 0,
    historyFailures: 0,
    sinkFailures: 0,
  };
}

import type { Trade } from './trade.ts';

/** Most trades played in one turn of the event loop, so that sockets and timers get theirs. */
const TURN = 1_000;
/** Pause between the last trade of a lap and the first of the next, in milliseconds of the recording. */
const LAP_PAUSE = 1_000;

export interface ReplayOptions {
  /** Times the recorded speed, `Infinity` for all at once, or `step`: only `advance` plays. */
  speed: number | 'step';
  loop: boolean;
  now: () => number;
  play: (trade: Trade) => void;
}

/**
 * Plays a recording so that it happens now. A trade recorded x milliseconds after the first is played, and stamped,
 * x / speed milliseconds after the start (plus the time spent paused): at speed 60 a recorded minute is a second of
 * wall clock and of trade times. A trade played by `advance` is stamped with the time of the call.
 */
export class Replay {
  private readonly end = Promise.withResolvers<void>();
  readonly finished = this.end.promise;
  private readonly trades: readonly Trade[];
  private readonly options: ReplayOptions;
  /** Zero while stepping: the clock plays nothing then. */
  private readonly speed: number;
  private readonly idSpans = new Map<string, number>();
  private readonly lapLength: number;
  private played = 0;
  /** Milliseconds of the recording that had passed at `since`, the wall clock of the last start or resume. */
  private elapsed = 0;
  private since: number | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(trades: readonly Trade[], options: ReplayOptions) {
    if (trades.length === 0) throw new Error('a replay needs at least one trade');
    this.trades = trades;
    this.options = options;
    this.speed = options.speed === 'step' ? 0 : options.speed;
    for (const [symbol, own] of Map.groupBy(trades, (trade) => trade.symbol)) {
      this.idSpans.set(symbol, own.at(-1)!.id - own[0]!.id + 1);
    }
    this.lapLength = this.offsetInLap(trades.length - 1) + LAP_PAUSE;
  }

  get running(): boolean {
    return this.since !== null;
  }

  get playedCount(): number {
    return this.played;
  }

  /** Starts, or goes on after a pause, from where the recording stands. */
  start(): void {
    if (this.since !== null || this.speed === 0) return;
    this.since = this.options.now();
    this.schedule();
  }

  pause(): void {
    if (this.since === null) return;
    const passed = (this.options.now() - this.since) * this.speed;
    if (Number.isFinite(passed)) this.elapsed += passed;
    this.since = null;
    clearTimeout(this.timer);
  }

  /** Plays the next trades at once, whatever the clock says, and returns them as they were played. */
  advance(count: number): Trade[] {
    const now = this.options.now();
    const trades: Trade[] = [];
    while (trades.length < count && !this.atEnd()) {
      this.elapsed = this.offset(this.played);
      trades.push(this.playNext(now));
    }
    if (this.since !== null) {
      this.since = now;
      this.schedule();
    }
    return trades;
  }

  stop(): void {
    this.pause();
    this.end.resolve();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.atEnd()) return;
    this.timer = setTimeout(() => this.playDue(), Math.max(0, this.dueAt() - this.options.now()));
  }

  private playDue(): void {
    const now = this.options.now();
    for (let turn = 0; turn < TURN && !this.atEnd() && this.dueAt() <= now; turn++)
      this.playNext(this.dueAt());
    this.schedule();
  }

  private playNext(time: number): Trade {
    const trade = this.trades[this.played % this.trades.length]!;
    const lap = Math.floor(this.played / this.trades.length);
    const playing = {
      ...trade,
      id: trade.id + lap * this.idSpans.get(trade.symbol)!,
      time: Math.floor(time),
    };
    this.played += 1;
    this.options.play(playing);
    if (this.atEnd()) this.end.resolve();
    return playing;
  }

  private dueAt(): number {
    return this.since! + (this.offset(this.played) - this.elapsed) / this.speed;
  }

  private offset(position: number): number {
    const lap = Math.floor(position / this.trades.length);
    return lap * this.lapLength + this.offsetInLap(position % this.trades.length);
  }

  private offsetInLap(index: number): number {
    return Math.max(0, this.trades[index]!.time - this.trades[0]!.time);
  }

  private atEnd(): boolean {
    return !this.options.loop && this.played >= this.trades.length;
  }
}

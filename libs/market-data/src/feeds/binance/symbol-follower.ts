import type { CursorOf, Tick } from '../price-feed.ts';
import type { BinanceCounters } from './binance-counters.ts';
import { tickOf, type BinanceTrade } from './binance-frames.ts';
import { shortReason, type BinanceHistory, type HistoryPage } from './binance-history.ts';
import { Pause, retryDelay, type RetryPolicy } from './retry.ts';
import type { TickQueue } from './tick-queue.ts';
import { TradeSequence, type Gap } from './trade-sequence.ts';

/** Trades of the stream held back per symbol while history fills what is before them. */
const HELD = 10_000;
/** Ticks that may wait for the sink before trades of the stream are let go, to be fetched again from history. */
const WAITING = 20_000;

/** A place in the sequence; without a tick when the exchange has nothing readable there. */
interface Slot {
  readonly id: number;
  readonly tick: Tick | null;
}

/** What all followers of a feed share. */
export interface FollowerContext {
  readonly history: BinanceHistory;
  readonly queue: TickQueue;
  readonly counters: BinanceCounters;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly log: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** Brings the trades of one symbol to the queue, each once and in order, whatever the stream leaves out. */
export class SymbolFollower {
  /** Why it cannot get up to date; null while nothing is wrong. */
  trouble: string | null = null;
  /** Whether the frames of the stream come. */
  subscribed = false;
  private readonly sequence = new TradeSequence<Slot>(HELD);
  private readonly pause = new Pause();
  private filling: Promise<void> | undefined;
  /** Undefined until it was read. */
  private cursor: number | null | undefined;

  constructor(
    readonly symbol: string,
    private readonly pair: string,
    private readonly context: FollowerContext,
    /** Called when it may have got up to date, or into trouble. */
    private readonly changed: () => void,
  ) {
    context.signal.addEventListener('abort', () => this.pause.close(), { once: true });
  }

  /** Whether nothing is missing up to now. */
  get upToDate(): boolean {
    return this.subscribed && this.cursor !== undefined && !this.sequence.behind && this.trouble === null;
  }

  /** Reads the cursor, and fetches what came after it without waiting for the stream. */
  async begin(cursorOf: CursorOf): Promise<void> {
    for (let failures = 1; this.cursor === undefined; failures++) {
      try {
        this.cursor = await cursorOf(this.symbol);
      } catch (error) {
        this.fail(`cursor: ${shortReason(error)}`);
        await this.pause.wait(retryDelay(failures, this.context.retry));
      }
      if (this.context.signal.aborted) return;
    }
    this.trouble = null;
    if (this.cursor !== null) this.pass(this.sequence.startAt(this.cursor + 1));
    this.fill();
  }

  /** Takes a trade from the stream. */
  live(trade: BinanceTrade): void {
    if (this.context.queue.size >= WAITING) {
      this.context.counters.shed += 1;
      this.sequence.doubt();
    } else {
      const late = this.sequence.late;
      this.pass(this.sequence.live(this.slot(trade.id, trade, 'live')));
      this.context.counters.late += this.sequence.late - late;
    }
    if (this.sequence.behind) this.fill();
    else this.changed();
  }

  /** From here on the frames of the stream come; what happened before is asked of history. */
  streaming(): void {
    this.subscribed = true;
    this.sequence.doubt();
    this.pause.cut();
    this.fill();
  }

  private fill(): void {
    if (this.cursor === undefined || this.filling || this.context.signal.aborted) return;
    this.filling = this.fillUntilUpToDate().finally(() => {
      this.filling = undefined;
      // A doubt may have come after the last look.
      if (this.sequence.behind) this.fill();
      else this.changed();
    });
  }

  private async fillUntilUpToDate(): Promise<void> {
    const since = this.sequence.next;
    let fetched = 0;
    let fruitless = 0;
    while (this.sequence.behind && !this.context.signal.aborted) {
      // History is patient: the sink first takes what it was given.
      await this.context.queue.drained();
      const passed = await this.fetchPage();
      fetched += passed;
      fruitless = passed > 0 ? 0 : fruitless + 1;
      // Nothing new although the stream is ahead: history did not answer, or follows within moments.
      if (passed > 0 || !this.sequence.behind) continue;
      await this.pause.wait(retryDelay(fruitless, this.context.retry));
    }
    if (fetched > 0 && since !== null) this.context.counters.filled += 1;
    if (fetched > 1) this.context.log(`${this.symbol}: ${fetched} trades fetched from Binance's history`);
    this.trouble = await this.cursorTrouble();
  }

  /** Returns how many trades it brought; an error is a trouble, and the next attempt follows. */
  private async fetchPage(): Promise<number> {
    const from = this.sequence.ask();
    try {
      const page = await this.historyFrom(from);
      // The first trade of the stream may have been quicker than a question without a beginning.
      if (from === null && this.sequence.next !== null) return 0;
      const { passed, gaps } = this.sequence.page(
        page.rows.map(({ id, trade }) => this.slot(id, trade, 'backfill')),
        page.full,
      );
      this.report(gaps);
      this.pass(passed);
      if (this.sequence.next === null) this.pass(this.sequence.startWithFirst());
      return passed.length;
    } catch (error) {
      this.pass(this.sequence.next === null ? this.sequence.startWithFirst() : []);
      if (this.sequence.behind) this.fail(`history: ${shortReason(error)}`);
      return 0;
    }
  }

  private async historyFrom(id: number | null): Promise<HistoryPage> {
    const { history, signal } = this.context;
    if (id !== null) return history.from(this.pair, id, signal);
    const newest = await history.newest(this.pair, signal);
    return { rows: newest ? [newest] : [], full: false };
  }

  /** A cursor beyond the newest trade belongs to another exchange or a replay: nothing would ever pass it. */
  private async cursorTrouble(): Promise<string | null> {
    if (this.cursor == null || this.sequence.next !== this.cursor + 1 || this.context.signal.aborted)
      return null;
    const newest = await this.context.history.newest(this.pair, this.context.signal).catch(() => undefined);
    if (!newest || newest.id >= this.cursor || this.sequence.next !== this.cursor + 1) return null;
    const trouble = `the last evaluated trade ${this.cursor} is newer than the newest, ${newest.id}`;
    if (this.trouble !== trouble) this.context.warn(`${this.symbol}: ${trouble}`);
    return trouble;
  }

  private pass(slots: readonly Slot[]): void {
    if (slots.length === 0) return;
    this.trouble = null;
    const ticks = slots.flatMap(({ tick }) => tick ?? []);
    const live = ticks.filter(({ origin }) => origin === 'live').length;
    this.context.counters.live += live;
    this.context.counters.backfilled += ticks.length - live;
    this.context.queue.add(ticks);
  }

  private report(gaps: readonly Gap[]): void {
    for (const { from, to } of gaps) {
      this.context.counters.gaps += 1;
      this.context.counters.missing += to - from + 1;
      this.context.warn(`${this.symbol}: Binance's history lacks the trades ${from} to ${to}`);
    }
  }

  private fail(trouble: string): void {
    // Without a stream the feed has said already that Binance is away.
    if (this.trouble === null && this.subscribed) this.context.warn(`${this.symbol}: ${trouble}`);
    this.trouble = trouble;
    this.changed();
  }

  private slot(id: number, trade: BinanceTrade | null, origin: Tick['origin']): Slot {
    if (!trade) return { id, tick: null };
    return { id, tick: tickOf(this.symbol, trade, this.context.now(), origin) };
  }
}

import type { Clock } from '#kernel';
import { Loop } from '#platform/lifecycle';
import type { Catalogue } from '../../domain/catalogue.ts';
import { type CursorOf, type FeedSink, PriceFeed, type Tick } from '../price-feed.ts';
import { SimulatedMarket, tickMs } from './simulated-market.ts';

/** Trades of one hour: the simulated exchange gives no longer a piece of its history. */
const historyTicks = 3_600_000 / tickMs;
/** Trades of a symbol that are handed over at once. */
const pageTicks = 100;

interface Followed {
  readonly symbol: string;
  /** The id to deliver next; undefined until the cursor was read. */
  next?: number;
  /** Trades before this one happened without this process. */
  liveFrom?: number;
  isLive: boolean;
}

/** A market without a network: a trade of each symbol every 250 ms, its id the quarter seconds since 1970. */
export class SimulatedFeed extends PriceFeed {
  readonly source = 'simulated';
  readonly counters = null;
  private readonly followed = new Map<string, Followed>();
  private readonly loop = new Loop('SimulatedFeed', () => this.round(), tickMs);
  private readonly market: SimulatedMarket;
  private delivery: { sink: FeedSink; cursorOf: CursorOf } | undefined;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly clock: Clock,
    seed = 'tocsin',
  ) {
    super();
    this.market = new SimulatedMarket(seed);
  }

  start(sink: FeedSink, cursorOf: CursorOf): Promise<void> {
    this.delivery = { sink, cursorOf };
    this.loop.start();
    return Promise.resolve();
  }

  watch(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      if (this.catalogue.find(symbol)?.source !== this.source || this.followed.has(symbol)) continue;
      this.followed.set(symbol, { symbol, isLive: false });
    }
    this.loop.wake();
  }

  stop(): Promise<void> {
    this.delivery = undefined;
    return this.loop.stop();
  }

  history(symbol: string, fromId: number, throughId: number): Promise<Tick[]> {
    const through = Math.min(throughId, this.newest());
    const from = Math.max(fromId, through - historyTicks + 1);
    return Promise.resolve(this.ticks(symbol, from, through, Infinity));
  }

  /** Brings every symbol up to now. An error leaves the rest to the next round, which offers it again. */
  private async round(): Promise<void> {
    const newest = this.newest();
    const all = [...this.followed.values()];
    for (const followed of all) {
      if (followed.next !== undefined || !this.delivery) continue;
      const cursor = await this.delivery.cursorOf(followed.symbol);
      followed.next = cursor === null ? newest : cursor + 1;
      followed.liveFrom = newest;
    }
    while (this.delivery && (await this.deliverPage(all, newest)));
    const caughtUp = all.filter(({ isLive }) => !isLive);
    if (!this.delivery || caughtUp.length === 0) return;
    for (const followed of caughtUp) followed.isLive = true;
    this.delivery.sink.state(
      caughtUp.map(({ symbol }) => symbol),
      'live',
    );
  }

  /** Delivers a page of each symbol that is behind; false when none is. */
  private async deliverPage(all: readonly Followed[], newest: number): Promise<boolean> {
    const pages = all.flatMap((followed) => {
      // After a long sleep only the last hour is told; whoever needs more sees that ids are missing.
      const from = Math.max(followed.next!, newest - historyTicks + 1);
      const through = Math.min(newest, from + pageTicks - 1);
      return from > through ? [] : [{ followed, from, through }];
    });
    if (pages.length === 0) return false;
    await this.delivery!.sink.ticks(
      pages.flatMap(({ followed: { symbol, liveFrom }, from, through }) =>
        this.ticks(symbol, from, through, liveFrom!),
      ),
    );
    for (const { followed, through } of pages) followed.next = through + 1;
    return true;
  }

  private ticks(symbol: string, from: number, through: number, liveFrom: number): Tick[] {
    const receivedAt = this.clock.now();
    return Array.from({ length: Math.max(0, through - from + 1) }, (_, index): Tick => {
      const id = from + index;
      return {
        symbol,
        source: this.source,
        id,
        ...this.market.tradeOf(symbol, id),
        at: new Date(id * tickMs),
        receivedAt,
        origin: id < liveFrom ? 'backfill' : 'live',
      };
    });
  }

  private newest(): number {
    return Math.floor(this.clock.now().getTime() / tickMs);
  }
}

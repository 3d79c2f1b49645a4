import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '#kernel';
import type { Tick, TickListener } from '../contracts/index.ts';
import type { DayStatistics, FeedSink } from '../feeds/price-feed.ts';
import { LatestPrices, type StateChange } from '../persistence/latest-prices.ts';

/** What a source has offered since the start, and what came of it. */
export interface TickCounts {
  /** Offered, by their origin; those offered again after a failure count again. */
  live: number;
  backfill: number;
  /** Passed on to every listener. */
  recorded: number;
  /** Came again or out of order, from a feed that should not have sent them. */
  repeated: number;
}

/**
 * Where every feed of a process delivers to: passes ticks on in order and once, and keeps the latest of each
 * symbol for {@link flush}.
 */
@Injectable()
export class RecordTicks {
  /** By source. */
  readonly counts = new Map<string, TickCounts>();
  private readonly logger = new Logger(RecordTicks.name);
  private readonly listeners: TickListener[] = [];
  private readonly passed = new Map<string, Tick>();
  private readonly ticks = new Map<string, Tick>();
  private readonly statistics = new Map<string, DayStatistics>();
  private readonly states = new Map<string, StateChange>();
  /** Those that are to be written. */
  private readonly statesToSay = new Map<string, StateChange>();
  /** Keys of those that were last written as live. */
  private readonly saidLive = new Set<string>();
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly latest: LatestPrices,
    private readonly clock: Clock,
  ) {}

  subscribe(listener: TickListener): void {
    this.listeners.push(listener);
  }

  /** The last tick of each symbol and source that was passed on. */
  newest(): Iterable<Tick> {
    return this.passed.values();
  }

  sinkOf(source: string): FeedSink {
    const counts = this.counts.get(source) ?? { live: 0, backfill: 0, recorded: 0, repeated: 0 };
    this.counts.set(source, counts);
    return {
      ticks: (ticks) => this.record(ticks, counts),
      statistics: (statistics) => {
        for (const day of statistics) this.statistics.set(keyOf(day), day);
      },
      state: (symbols, state, reason) => {
        this.logger.log(`${source}: ${symbols.join(', ')} ${state}${reason ? ` (${reason})` : ''}`);
        const since = this.clock.now();
        for (const symbol of symbols) {
          const change = { symbol, source, state, reason: reason ?? null, since };
          this.states.set(keyOf(change), change);
          this.statesToSay.set(keyOf(change), change);
        }
      },
    };
  }

  /** Writes what changed since the last call; what could not be written is kept for the next one. */
  async flush(): Promise<void> {
    await writeAndForget(this.ticks, (ticks) => this.latest.saveTicks(ticks));
    await writeAndForget(this.statistics, (statistics) => this.latest.saveStatistics(statistics));
    // Last: whoever reads that a feed is live finds its trades up to then.
    await writeAndForget(this.statesToSay, async (states) => {
      await this.latest.saveStates(
        states.map((change) => ({ ...change, wasLive: this.saidLive.has(keyOf(change)) })),
      );
      for (const change of states) {
        if (change.state === 'live') this.saidLive.add(keyOf(change));
        else this.saidLive.delete(keyOf(change));
      }
    });
  }

  /** Has the next {@link flush} say of every symbol how its feed is, so that no word of a feed that runs grows old. */
  sayAgain(): void {
    for (const [key, state] of this.states) this.statesToSay.set(key, state);
  }

  /** One batch at a time, whichever feed it is from: listeners keep state between their statements. */
  private record(ticks: readonly Tick[], counts: TickCounts): Promise<void> {
    const passing = this.turn.then(() => this.pass(ticks, counts));
    this.turn = passing.catch(() => undefined);
    return passing;
  }

  private async pass(ticks: readonly Tick[], counts: TickCounts): Promise<void> {
    const reached = new Map<string, Tick>();
    const fresh = ticks.filter((tick) => {
      const key = keyOf(tick);
      const isNew = tick.id > (reached.get(key) ?? this.passed.get(key) ?? before).id;
      counts[tick.origin] += 1;
      if (isNew) reached.set(key, tick);
      else counts.repeated += 1;
      return isNew;
    });
    if (fresh.length === 0) return;
    for (const [key, tick] of reached) this.ticks.set(key, tick);
    for (const listener of this.listeners) await listener(fresh);
    // Only now: after a rejection the feed offers the same ticks again, and they are not repetitions then.
    for (const [key, tick] of reached) this.passed.set(key, tick);
    counts.recorded += fresh.length;
  }
}

const before = { id: -1 };
const keyOf = ({ source, symbol }: { source: string; symbol: string }): string => `${source} ${symbol}`;

/** Forgets exactly what was written: a newer value that came meanwhile stays. */
async function writeAndForget<T>(
  changed: Map<string, T>,
  write: (values: readonly T[]) => Promise<void>,
): Promise<void> {
  if (changed.size === 0) return;
  const written = [...changed];
  await write(written.map(([, value]) => value));
  for (const [key, value] of written) if (changed.get(key) === value) changed.delete(key);
}

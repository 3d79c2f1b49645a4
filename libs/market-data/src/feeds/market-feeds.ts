import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { FindCursor } from '#libs/alerts/contracts';
import { Config, ConfigurationError } from '#platform/config';
import { Loop, Roles } from '#platform/lifecycle';
import { Metrics } from '#platform/metrics';
import { Database } from '#platform/persistence';
import { type Tick, type TickListener, TickStream } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';
import { RecordTicks } from '../features/record-ticks.ts';
import { configuredFeeds } from './configured-feeds.ts';
import { measureFeeds } from './feed-metrics.ts';
import type { PriceFeed } from './price-feed.ts';

const flushMs = 250;
/** Well within the half minute after which a feed's last word counts as old. */
const repeatMs = 5_000;

/**
 * The feeds of this process. They start once every listener has subscribed (in its `onModuleInit`) and stop
 * before `onApplicationShutdown`, so that nothing is delivered to a listener that is closing there.
 */
@Injectable()
export class MarketFeeds extends TickStream implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(MarketFeeds.name);
  private readonly feeds: readonly PriceFeed[];
  private readonly symbolsFromTheStart: readonly string[];
  private readonly watched = new Set<string>();
  private readonly flushing: Loop;
  private readonly repeating: Loop;
  private readonly watching: Loop;

  constructor(
    config: Config,
    clock: Clock,
    private readonly catalogue: Catalogue,
    private readonly recorder: RecordTicks,
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly roles: Roles,
    metrics: Metrics,
  ) {
    super();
    this.symbolsFromTheStart = symbolsOf(config.marketSymbols, catalogue);
    this.feeds = configuredFeeds(config, catalogue, clock);
    measureFeeds(metrics, this.feeds, recorder, clock);
    this.flushing = new Loop('RecordTicks', () => recorder.flush(), flushMs);
    this.repeating = new Loop('RecordTicks', async () => recorder.sayAgain(), repeatMs);
    this.watching = new Loop('MarketFeeds', () => this.watchThoseWithAlerts());
  }

  subscribe(listener: TickListener): void {
    this.recorder.subscribe(listener);
  }

  history(symbol: string, fromId: number, throughId: number): Promise<Tick[]> {
    const source = this.catalogue.find(symbol)?.source;
    const feed = this.feeds.find((one) => one.source === source);
    return feed ? feed.history(symbol, fromId, throughId) : Promise.resolve([]);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.watch(this.symbolsFromTheStart);
    for (const feed of this.feeds) {
      await feed.start(this.recorder.sinkOf(feed.source), async (symbol) => {
        const cursor = await this.queries.execute(new FindCursor(symbol, feed.source));
        return cursor?.tickId ?? null;
      });
    }
    const loops = [this.flushing, this.repeating, this.watching];
    for (const loop of loops) loop.start();
    this.roles.begun('market', ...loops);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.watching.stop(), this.repeating.stop()]);
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    await this.flushing.stop();
    try {
      await this.recorder.flush();
    } catch (error) {
      // The rest of the process has to end in order all the same; the next start fetches these prices again.
      this.logger.warn(`The last prices could not be written: ${String(error)}`);
    }
  }

  private async watchThoseWithAlerts(): Promise<void> {
    const rows = await this.database.sql<{ symbol: string }>`select symbol from market_data.watched_symbols`;
    this.watch(rows.map(({ symbol }) => symbol));
  }

  private watch(symbols: readonly string[]): void {
    const added = symbols.filter((symbol) => !this.watched.has(symbol));
    if (added.length === 0) return;
    for (const symbol of added) this.watched.add(symbol);
    for (const feed of this.feeds) feed.watch(added);
  }
}

/** @throws ConfigurationError naming every unknown symbol */
function symbolsOf(names: readonly string[], catalogue: Catalogue): string[] {
  const unknown = names.filter((name) => !catalogue.find(name));
  if (unknown.length > 0) {
    throw new ConfigurationError(unknown.map((name) => `MARKET_SYMBOLS: there is no instrument ${name}`));
  }
  return [...new Set(names.map((name) => catalogue.find(name)!.symbol))];
}

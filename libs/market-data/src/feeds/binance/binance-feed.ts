import type { Logger } from '@nestjs/common';
import type { Clock } from '#kernel';
import { PriceFeed, type CursorOf, type FeedSink, type FeedState, type Tick } from '../price-feed.ts';
import { BinanceConnection } from './binance-connection.ts';
import { newCounters, type BinanceCounters } from './binance-counters.ts';
import { readFrame, SOURCE, tickOf } from './binance-frames.ts';
import { BinanceHistory } from './binance-history.ts';
import { DEFAULT_SETTINGS, type BinanceSettings } from './binance-settings.ts';
import { SymbolFollower, type FollowerContext } from './symbol-follower.ts';
import { SymbolStates } from './symbol-states.ts';
import { TickQueue } from './tick-queue.ts';

export interface BinanceFeedOptions {
  /** Base of the streams, such as `wss://stream.binance.com:9443`; `/stream?streams=…` is appended. */
  readonly wsUrl: string;
  /** Base of the REST side, such as `https://api.binance.com`; `/api/v3/…` is appended. */
  readonly restUrl: string;
  /** Binance's pair of one of our symbols, such as `BTCUSDT` for `BTC-USD`; undefined when it has none. */
  readonly pairOf: (symbol: string) => string | undefined;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'log' | 'warn'>;
  readonly settings?: Partial<BinanceSettings>;
}

/**
 * Prices of Binance's spot market: aggregate trades and rolling 24 hours over combined streams, and from
 * `/api/v3/aggTrades` whatever lies between the cursor, or the last trade handed on, and the stream.
 */
export class BinanceFeed extends PriceFeed {
  readonly source = SOURCE;
  readonly counters: BinanceCounters = newCounters();
  private readonly settings: BinanceSettings;
  private readonly pastTrades: BinanceHistory;
  private readonly connection: BinanceConnection;
  private readonly watched = new Set<string>();
  /** By pair. */
  private readonly followers = new Map<string, SymbolFollower>();
  private readonly stopping = new AbortController();
  private running:
    | { sink: FeedSink; cursorOf: CursorOf; states: SymbolStates; context: FollowerContext }
    | undefined;
  /** Why no frames can come; null while the connection is open. */
  private down: { state: FeedState; reason?: string } | null = { state: 'connecting' };

  constructor(private readonly options: BinanceFeedOptions) {
    super();
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.pastTrades = new BinanceHistory(
      withoutSlash(options.restUrl),
      this.settings.historyTimeoutMs,
      this.counters,
    );
    this.connection = new BinanceConnection(withoutSlash(options.wsUrl), this.settings, {
      opened: () => this.opened(),
      subscribed: (streams) => {
        for (const follower of this.followersOf(streams)) follower.streaming();
      },
      refused: (streams, reason) => this.refused(streams, reason),
      frame: (text) => this.frame(text),
      lost: (reason, wasOpen) => this.lost(reason, wasOpen),
    });
  }

  async start(sink: FeedSink, cursorOf: CursorOf): Promise<void> {
    this.running = {
      sink,
      cursorOf,
      states: new SymbolStates(sink.state.bind(sink)),
      context: this.context(sink),
    };
    for (const symbol of this.watched) this.follow(symbol);
    this.connection.start();
  }

  watch(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      if (this.watched.has(symbol)) continue;
      this.watched.add(symbol);
      this.follow(symbol);
    }
  }

  async history(symbol: string, fromId: number, throughId: number): Promise<Tick[]> {
    const pair = this.options.pairOf(symbol);
    if (pair === undefined) return [];
    const trades = await this.pastTrades.between(pair, fromId, throughId, this.stopping.signal);
    return trades.map((trade) => tickOf(symbol, trade, this.options.clock.now(), 'backfill'));
  }

  async stop(): Promise<void> {
    const queue = this.running?.context.queue;
    this.running = undefined;
    this.stopping.abort();
    this.connection.stop();
    await queue?.stop();
  }

  private follow(symbol: string): void {
    const pair = this.options.pairOf(symbol);
    if (!this.running || pair === undefined) return;
    const follower = new SymbolFollower(symbol, pair, this.running.context, () => this.refresh([follower]));
    this.followers.set(pair, follower);
    this.refresh([follower]);
    void follower.begin(this.running.cursorOf);
    const stream = pair.toLowerCase();
    this.connection.follow([`${stream}@aggTrade`, `${stream}@miniTicker`]);
  }

  private frame(text: string): void {
    this.counters.frames += 1;
    const frame = readFrame(text, (pair) => this.followers.has(pair));
    if (frame.kind === 'rejected') this.counters.rejected[frame.reason] += 1;
    else if (frame.kind === 'reply') this.connection.replied(frame.id, frame.error);
    else if (frame.kind === 'shutdown') this.connection.renew('the server shuts down');
    else if (frame.kind === 'trade') this.followers.get(frame.pair)?.live(frame.trade);
    else {
      const symbol = this.followers.get(frame.pair)?.symbol ?? frame.pair;
      this.running?.sink.statistics([{ symbol, source: this.source, ...frame.statistics }]);
    }
  }

  private opened(): void {
    this.counters.connections += 1;
    this.down = null;
    this.options.logger.log('Binance: connected');
    this.refresh(this.followers.values());
  }

  private lost(reason: string, wasOpen: boolean): void {
    const before = this.down?.state;
    this.counters.disconnections += wasOpen ? 1 : 0;
    this.down = { state: wasOpen ? 'stale' : 'unreachable', reason };
    // One line when it is lost and one when it cannot be reached: a night without a network is not a thousand.
    if (wasOpen) this.options.logger.warn(`Binance: connection lost (${reason}), connecting again`);
    else if (before !== 'unreachable') {
      this.options.logger.warn(`Binance: cannot be reached (${reason}), trying again until it can`);
    }
    for (const follower of this.followers.values()) follower.subscribed = false;
    this.refresh(this.followers.values());
  }

  private refused(streams: readonly string[], reason: string): void {
    this.counters.subscriptionsRefused += 1;
    this.options.logger.warn(`Binance: refuses ${streams.join(', ')} (${reason})`);
  }

  /** Says what has changed of these symbols. */
  private refresh(followers: Iterable<SymbolFollower>): void {
    if (!this.running) return;
    const { states } = this.running;
    const symbols = [...followers];
    if (this.down) {
      states.set(
        symbols.map(({ symbol }) => symbol),
        this.down.state,
        this.down.reason,
      );
      return;
    }
    for (const { symbol, upToDate, trouble } of symbols) {
      if (upToDate) states.set([symbol], 'live');
      else if (trouble !== null) states.set([symbol], 'stale', trouble);
      else states.set([symbol], 'connecting');
    }
  }

  private followersOf(streams: readonly string[]): Set<SymbolFollower> {
    const pairs = streams.map((stream) => stream.slice(0, stream.indexOf('@')).toUpperCase());
    return new Set(pairs.flatMap((pair) => this.followers.get(pair) ?? []));
  }

  private context(sink: FeedSink): FollowerContext {
    const { logger, clock } = this.options;
    const { retry } = this.settings;
    const queue = new TickQueue(
      (ticks) => sink.ticks(ticks),
      retry,
      (error, inARow) => {
        this.counters.sinkFailures += 1;
        if (inARow === 1)
          logger.warn(`Binance: ticks were not taken, offering them again (${String(error)})`);
      },
    );
    return {
      history: this.pastTrades,
      queue,
      counters: this.counters,
      retry,
      signal: this.stopping.signal,
      now: () => clock.now(),
      log: (line) => logger.log(`Binance: ${line}`),
      warn: (line) => logger.warn(`Binance: ${line}`),
    };
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

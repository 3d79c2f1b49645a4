import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '#kernel';
import {
  startBinanceServer,
  type BinanceServer,
  type BinanceServerOptions,
} from '../../../../../test/support/binance-server/server.ts';
import { tradesOf, type Trade } from '../../../../../test/support/binance-server/trade.ts';
import { hasSharedData, needsSharedData, sharedData } from '../../../../../test/support/shared-data.ts';
import type { CursorOf, DayStatistics, FeedSink, Tick } from '../price-feed.ts';
import { BinanceFeed, type BinanceFeedOptions } from './binance-feed.ts';

const SYMBOLS = new Map([
  ['BTC-USD', 'BTCUSDT'],
  ['ETH-USD', 'ETHUSDT'],
]);
const BTC = tradesOf(
  'BTCUSDT',
  Array.from({ length: 3_000 }, (_, index) => 100 + index),
);
const SETTINGS = {
  silenceMs: 60_000,
  stableMs: 0,
  handshakeMs: 5_000,
  historyTimeoutMs: 5_000,
  retry: { firstMs: 1, baseMs: 1, capMs: 5 },
};

class Recorder implements FeedSink {
  readonly received: Tick[] = [];
  readonly days: DayStatistics[] = [];
  readonly states: string[] = [];
  take: (ticks: readonly Tick[]) => Promise<void> = async () => {};

  async ticks(ticks: readonly Tick[]): Promise<void> {
    await this.take(ticks);
    this.received.push(...ticks);
  }
  statistics(statistics: readonly DayStatistics[]): void {
    this.days.push(...statistics);
  }
  state(symbols: readonly string[], state: string, reason?: string): void {
    if (symbols.length === 0) this.states.push('of nothing');
    for (const symbol of symbols) this.states.push(`${symbol} ${state}${reason ? ` (${reason})` : ''}`);
  }
  ids(symbol = 'BTC-USD'): number[] {
    return this.received.filter((tick) => tick.symbol === symbol).map(({ id }) => id);
  }
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('The Binance feed', () => {
  let server: BinanceServer;
  let feed: BinanceFeed;
  let sink: Recorder;
  const logger = { log: vi.fn<(line: string) => void>(), warn: vi.fn<(line: string) => void>() };

  beforeEach(() => {
    sink = new Recorder();
    logger.log.mockReset();
    logger.warn.mockReset();
  });
  afterEach(async () => {
    await feed.stop();
    await server.close();
  });

  async function serve(options: BinanceServerOptions = {}): Promise<void> {
    server = await startBinanceServer({ trades: BTC, speed: 'step', miniTickerMs: 0, ...options });
  }

  /** Starts a feed on the server, with this as the last id evaluated of every symbol. */
  async function start(
    cursor: number | null,
    { symbols = ['BTC-USD'], ...options }: Partial<BinanceFeedOptions> & { symbols?: string[] } = {},
  ): Promise<void> {
    feed = new BinanceFeed({
      wsUrl: server.wsUrl,
      restUrl: server.restUrl,
      pairOf: (symbol) => SYMBOLS.get(symbol),
      clock: new SystemClock(),
      logger,
      ...options,
      settings: { ...SETTINGS, ...options.settings },
    });
    feed.watch(symbols);
    await feed.start(sink, () => Promise.resolve(cursor));
  }

  const live = (symbol = 'BTC-USD'): Promise<void> =>
    vi.waitFor(
      () => expect(sink.states.findLast((state) => state.startsWith(symbol))).toBe(`${symbol} live`),
      5_000,
    );
  const gets = (ids: number[], symbol = 'BTC-USD'): Promise<void> =>
    vi.waitFor(() => expect(sink.ids(symbol)).toEqual(ids), 5_000);

  describe('at its start', () => {
    it('without a cursor begins with the newest trade, and goes on with the stream', async () => {
      await serve();
      server.advance(10);
      await start(null);
      await live();
      server.advance(3);
      await gets([10, 11, 12, 13]);
      expect(sink.received.map(({ origin }) => origin)).toEqual(['backfill', 'live', 'live', 'live']);
    });

    it('hands on exact amounts and the times of both clocks', async () => {
      await serve({
        trades: tradesOf('BTCUSDT', ['0.00001230', 5], { quantity: '12.50000000' }),
        now: () => 1.7e12,
      });
      server.advance();
      await start(null, { clock: { now: () => new Date(9e12) } });
      await gets([1]);
      expect(sink.received).toEqual([
        {
          symbol: 'BTC-USD',
          source: 'binance',
          id: 1,
          price: '0.0000123',
          quantity: '12.5',
          at: new Date(1.7e12),
          receivedAt: new Date(9e12),
          origin: 'backfill',
        },
      ]);
    });

    it('without a cursor or history begins with the first trade of the stream', async () => {
      await serve();
      server.advance(10);
      server.failRest(1e9);
      await start(null);
      await vi.waitFor(() => expect(feed.counters.historyFailures).toBeGreaterThan(1));
      await vi.waitFor(() => expect(feed.counters.connections).toBe(1));
      server.advance(2);
      await gets([11, 12]);
      await live();
    });

    it('of a pair that never traded begins with the first trade of the stream', async () => {
      await serve();
      server.failRest(() => ({ status: 200, body: [] }));
      await start(null);
      await vi.waitFor(() => expect(feed.counters.connections).toBe(1));
      await vi.waitFor(() => expect(feed.counters.historyRequests).toBeGreaterThan(1));
      server.advance(2);
      await gets([1, 2]);
    });

    it('takes no answer about the beginning when the stream was quicker', async () => {
      await serve();
      const answer = Promise.withResolvers<{ status: number; body: object[] }>();
      let asked = 0;
      server.failRest(() => (++asked === 1 ? { status: 503 } : answer.promise));
      await start(null);
      await vi.waitFor(() => expect([asked, feed.counters.connections]).toEqual([2, 1]));
      server.advance(2);
      await gets([1, 2]);
      answer.resolve({ status: 200, body: [rowOf(BTC[8]!)] });
      server.failRest(0);
      await live();
      server.advance();
      await gets([1, 2, 3]);
      expect(feed.counters.gaps).toBe(0);
    });

    it('from a cursor fetches all that came after it, page by page, before the stream counts', async () => {
      await serve();
      server.advance(2_500);
      server.failRest(3);
      await start(100);
      await vi.waitFor(() => expect(feed.counters.connections).toBe(1));
      server.advance(10);
      await gets(range(101, 2_510));
      await live();
      server.advance(5);
      await gets(range(101, 2_515));
      expect(sink.received.at(-1)?.origin).toBe('live');
      expect(feed.counters).toMatchObject({
        live: expect.any(Number) as number,
        late: 0,
        gaps: 0,
        historyFailures: 3,
      });
    });

    it('from a cursor does not wait for the stream', async () => {
      await serve();
      server.advance(20);
      server.refuse(true);
      await start(5);
      await gets(range(6, 20));
      expect(sink.states.at(-1)).toBe('BTC-USD unreachable (Unexpected server response: 503)');
    });

    it('from a cursor at the newest trade has nothing to fetch', async () => {
      await serve();
      server.advance(20);
      await start(20);
      await live();
      server.advance();
      await gets([21]);
      expect(logger.warn).not.toHaveBeenCalled();
    });

    it('says so when the cursor is beyond the newest trade', async () => {
      await serve();
      server.advance(20);
      await start(22);
      const trouble = 'the last evaluated trade 22 is newer than the newest, 20';
      await vi.waitFor(() => expect(sink.states.at(-1)).toBe(`BTC-USD stale (${trouble})`));
      server.advance(2);
      await vi.waitFor(() => expect(feed.counters.late).toBe(2));
      expect(sink.states.at(-1)).toContain('stale');
      expect(logger.warn.mock.calls).toEqual([[`Binance: BTC-USD: ${trouble}`]]);
      server.advance();
      await gets([23]);
      await live();
    });

    it('asks again when the stream opens while it compares the cursor', async () => {
      await serve();
      server.advance(20);
      const comparing = Promise.withResolvers<null>();
      server.refuse(true);
      server.failRest(({ query }) => (query.get('limit') === '1' ? comparing.promise : null));
      await start(20);
      await vi.waitFor(() => expect(feed.counters.historyRequests).toBe(2));
      server.advance(5);
      server.refuse(false);
      await vi.waitFor(() => expect(feed.counters.connections).toBe(1));
      comparing.resolve(null);
      await gets([21, 22, 23, 24, 25]);
      await live();
    });

    it('reads the cursor until it can', async () => {
      await serve();
      server.advance(3);
      feed = new BinanceFeed({
        wsUrl: server.wsUrl,
        restUrl: server.restUrl,
        pairOf: (symbol) => SYMBOLS.get(symbol),
        clock: new SystemClock(),
        logger,
        settings: SETTINGS,
      });
      feed.watch(['BTC-USD']);
      const cursorOf = vi
        .fn<CursorOf>(() => Promise.resolve(1))
        .mockRejectedValueOnce(new Error('database away'));
      await feed.start(sink, cursorOf);
      await gets([2, 3]);
      expect(cursorOf).toHaveBeenCalledTimes(2);
    });
  });

  describe('in mid-stream', () => {
    beforeEach(async () => {
      await serve();
      server.advance(10);
      await start(9);
      await live();
      await gets([10]);
    });

    it('fills exactly what a lost connection left out', async () => {
      server.disconnectAll();
      server.advance(50);
      await gets(range(10, 60));
      await live();
      server.advance(2);
      await gets(range(10, 62));
      expect(feed.counters).toMatchObject({ connections: 2, disconnections: 1, gaps: 0 });
      expect(sink.states).toEqual([
        'BTC-USD connecting',
        'BTC-USD live',
        'BTC-USD stale (closed with code 1006)',
        'BTC-USD connecting',
        'BTC-USD live',
      ]);
    });

    it('fills a jump, and stays live meanwhile', async () => {
      server.stall(true);
      server.advance(30);
      server.stall(false);
      server.advance(2);
      await gets(range(10, 42));
      await live();
      expect(sink.states).toEqual(['BTC-USD connecting', 'BTC-USD live']);
      expect(feed.counters.connections).toBe(1);
    });

    it('waits for a history that cannot answer, says so, and loses nothing', async () => {
      server.failRest(1e9);
      server.stall(true);
      server.advance(30);
      server.stall(false);
      server.advance(2);
      await vi.waitFor(() => expect(sink.states.at(-1)).toBe('BTC-USD stale (history: HTTP 503)'));
      await vi.waitFor(() => expect(feed.counters.historyFailures).toBeGreaterThan(3));
      server.advance(2);
      expect(sink.ids()).toEqual([10]);
      server.failRest(0);
      await gets(range(10, 44));
      await live();
      expect(logger.warn.mock.calls).toEqual([['Binance: BTC-USD: history: HTTP 503']]);
    });

    it('drops what comes twice or late, and counts it', async () => {
      const [eleventh, twelfth] = server.advance(2);
      await gets([10, 11, 12]);
      for (const trade of [twelfth!, eleventh!, twelfth!]) server.injectFrame(frameOf(trade));
      server.advance();
      await gets([10, 11, 12, 13]);
      expect(feed.counters).toMatchObject({ late: 3, live: 3 });
    });

    it('puts exchanged frames in order', async () => {
      server.stall(true);
      const [eleventh, twelfth] = server.advance(2);
      server.stall(false);
      for (const trade of [twelfth!, eleventh!]) server.injectFrame(frameOf(trade));
      await gets([10, 11, 12]);
      expect(feed.counters.late).toBe(0);
    });

    it('drops frames that are malformed, of another symbol or without a price, and counts them', async () => {
      const [trade] = server.advance();
      server.injectFrame('{"stream":');
      server.injectFrame('');
      server.injectFrame({ stream: 'btcusdt@aggTrade', data: null });
      server.injectFrame({ result: null, id: 99 });
      server.injectFrame(frameOf({ ...trade!, id: 12, price: '0.00000000' }));
      server.injectFrame(frameOf({ ...trade!, id: 12, price: '-1' }));
      server.injectFrame(frameOf({ ...trade!, id: 12, symbol: 'DOGEUSDT' }));
      server.advance();
      await gets([10, 11, 12]);
      expect(feed.counters.rejected).toMatchObject({ json: 2, event: 1, price: 2, symbol: 1 });
      expect(feed.counters.connections).toBe(1);
    });

    it('accepts trades that history does not have either, and counts the gap', async () => {
      server.stall(true);
      server.advance(5);
      server.stall(false);
      server.failRest(({ query }) =>
        query.get('fromId') === '11' ? { status: 200, body: [rowOf(BTC[13]!), rowOf(BTC[14]!)] } : null,
      );
      server.advance();
      await gets([10, 14, 15, 16]);
      expect(feed.counters).toMatchObject({ gaps: 1, missing: 3 });
      expect(logger.warn.mock.calls).toEqual([
        ["Binance: BTC-USD: Binance's history lacks the trades 11 to 13"],
      ]);
    });

    it('connects anew when the server announces its end', async () => {
      server.injectFrame({ e: 'serverShutdown', E: 1 });
      await vi.waitFor(() => expect(server.stats.connections).toBe(2));
      await live();
      server.advance();
      await gets([10, 11]);
    });
  });

  describe('in silence', () => {
    it('gives a connection up although its pings are answered', async () => {
      await serve({ pingMs: 5 });
      server.advance();
      await start(null, { settings: { ...SETTINGS, silenceMs: 60 } });
      await live();
      server.stall(true);
      await vi.waitFor(() => expect(server.stats.connections).toBeGreaterThan(2), 5_000);
      expect(sink.states).toContain('BTC-USD stale (no frame for 0.06 s)');
      server.advance(4);
      server.stall(false);
      await gets([1, 2, 3, 4, 5]);
    });

    it('keeps a connection on which frames come', async () => {
      await serve({ miniTickerMs: 10 });
      server.advance();
      await start(null, { settings: { ...SETTINGS, silenceMs: 1_000 } });
      await vi.waitFor(() => expect(feed.counters.frames).toBeGreaterThan(110), 5_000);
      expect(server.stats.connections).toBe(1);
    });
  });

  describe('after a loss', () => {
    it('comes back fast again and again when each connection was stable', async () => {
      await serve();
      server.advance();
      await start(null, { settings: { retry: { firstMs: 1, baseMs: 1e9, capMs: 1e9 } } });
      for (let connections = 1; connections <= 4; connections++) {
        await vi.waitFor(() => expect(server.stats.connections).toBe(connections));
        await live();
        server.disconnectAll();
      }
    });

    it('comes back fast once, then waits, when none is stable', async () => {
      await serve();
      server.advance();
      await start(null, { settings: { stableMs: 60_000, retry: { firstMs: 1, baseMs: 1e9, capMs: 1e9 } } });
      for (let connections = 1; connections <= 2; connections++) {
        await vi.waitFor(() => expect(feed.counters.connections).toBe(connections));
        server.disconnectAll();
      }
      await vi.waitFor(() => expect(feed.counters.disconnections).toBe(2));
      for (let request = 0; request < 50; request++) await fetch(`${server.restUrl}/api/v3/ping`);
      expect(server.stats.connections).toBe(2);
    });
  });

  describe('without a network', () => {
    it('tries quietly until it can', async () => {
      await serve();
      const { port } = server;
      await server.close();
      await start(null, { wsUrl: `ws://127.0.0.1:${port}/`, restUrl: `http://127.0.0.1:${port}/` });
      await vi.waitFor(() => expect(feed.counters.historyFailures).toBeGreaterThan(5));
      expect(sink.states).toEqual(['BTC-USD connecting', 'BTC-USD unreachable (ECONNREFUSED)']);
      expect(logger.warn.mock.calls).toEqual([
        ['Binance: cannot be reached (ECONNREFUSED), trying again until it can'],
      ]);
      await serve({ port });
      server.advance();
      await live();
      await gets([1]);
      expect(logger.log.mock.calls).toEqual([['Binance: connected']]);
    });
  });

  describe('of several symbols', () => {
    const TWO = BTC.slice(0, 100).flatMap((trade, index) => [
      trade,
      { ...trade, symbol: 'ETHUSDT', id: 500 + index, price: '7.00000000' },
    ]);

    it('adds one on the open connection', async () => {
      await serve({ trades: TWO });
      server.advance(20);
      await start(null);
      await live();
      feed.watch(['ETH-USD', 'BTC-USD', 'AAPL']);
      await live('ETH-USD');
      server.advance(4);
      await gets([10, 11, 12]);
      await gets([509, 510, 511], 'ETH-USD');
      expect(server.stats.subscriptions).toEqual([
        ['btcusdt@aggTrade', 'btcusdt@miniTicker', 'ethusdt@aggTrade', 'ethusdt@miniTicker'],
      ]);
      expect(server.stats).toMatchObject({ connections: 1, messagesReceived: 1 });
      expect(sink.states.filter((state) => state.startsWith('AAPL'))).toEqual([]);
    });

    it('opens no connection before there is one to follow', async () => {
      await serve({ trades: TWO });
      server.advance(2);
      await start(null, { symbols: [] });
      expect(server.stats.connections).toBe(0);
      feed.watch(['ETH-USD']);
      await live('ETH-USD');
      await gets([500], 'ETH-USD');
    });

    it('names the first hundred streams in the URL and subscribes to the others', async () => {
      const pairs = Array.from({ length: 60 }, (_, index) => `A${index}USDT`);
      await serve({ trades: pairs.flatMap((pair) => tradesOf(pair, [1])) });
      server.advance(60);
      await start(null, { symbols: pairs, pairOf: (symbol) => symbol });
      await Promise.all(pairs.map((pair) => live(pair)));
      expect(server.stats.subscriptions[0]).toHaveLength(120);
      expect(server.stats.messagesReceived).toBe(1);
    });

    it('says that a subscription is refused, and does not call its symbol live', async () => {
      await serve({ trades: TWO });
      server.advance(2);
      await start(null, { pairOf: (symbol) => SYMBOLS.get(symbol) ?? 'NOT A PAIR' });
      await live();
      feed.watch(['ODD-USD']);
      await vi.waitFor(() => expect(feed.counters.subscriptionsRefused).toBe(1));
      expect(logger.warn).toHaveBeenCalledWith(
        'Binance: refuses not a pair@aggTrade, not a pair@miniTicker (Invalid request: invalid stream)',
      );
      expect(sink.states).not.toContain('ODD-USD live');
    });

    it('hands on the statistics of their day', async () => {
      await serve({ trades: TWO });
      server.advance(4);
      await start(null, { symbols: ['BTC-USD', 'ETH-USD'] });
      await live('ETH-USD');
      server.sendMiniTickers();
      await vi.waitFor(() => expect(sink.days).toHaveLength(2));
      expect(sink.days[0]).toEqual({
        symbol: 'BTC-USD',
        source: 'binance',
        last: '101',
        open: '100',
        high: '101',
        low: '100',
        volume: '100.5',
        at: expect.any(Date) as Date,
      });
      expect(sink.days[1]).toMatchObject({ symbol: 'ETH-USD', last: '7' });
    });
  });

  describe('with a sink that is slow or away', () => {
    it('offers the same ticks again, in order', async () => {
      await serve();
      server.advance(10);
      let refusals = 3;
      sink.take = () => (refusals-- > 0 ? Promise.reject(new Error('database away')) : Promise.resolve());
      await start(5);
      await gets(range(6, 10));
      await live();
      server.advance(3);
      await gets(range(6, 13));
      expect(feed.counters.sinkFailures).toBe(3);
      expect(logger.warn.mock.calls).toEqual([
        ['Binance: ticks were not taken, offering them again (Error: database away)'],
      ]);
    });

    it('asks history for no more than the sink has taken', async () => {
      const gate = Promise.withResolvers<void>();
      sink.take = () => gate.promise;
      await serve();
      server.advance(2_900);
      await start(0);
      await vi.waitFor(() => expect(feed.counters.backfilled).toBe(1_000));
      await vi.waitFor(() => expect(feed.counters.connections).toBe(1));
      server.advance(50);
      await vi.waitFor(() => expect(feed.counters.frames).toBe(50));
      expect(feed.counters.historyRequests).toBe(1);
      gate.resolve();
      await gets(range(1, 2_950));
    });

    it('lets trades of the stream go when too many wait, and fetches them from history afterwards', async () => {
      const gate = Promise.withResolvers<void>();
      await serve({
        trades: tradesOf(
          'BTCUSDT',
          Array.from({ length: 25_000 }, () => 100),
        ),
      });
      server.advance();
      await start(0);
      await live();
      sink.take = () => gate.promise;
      server.advance(25_000);
      await vi.waitFor(() => expect(feed.counters.shed).toBeGreaterThan(1_000), 10_000);
      gate.resolve();
      await vi.waitFor(() => expect(sink.received).toHaveLength(25_000), 10_000);
      expect(sink.ids()).toEqual(range(1, 25_000));
    }, 30_000);
  });

  describe('asked for the past', () => {
    it('gives the trades between two ids, of symbols that it does not follow too', async () => {
      await serve();
      server.advance(20);
      await start(null, { symbols: [] });
      const past = await feed.history('BTC-USD', 18, 30);
      expect(
        past.map(({ symbol, source, id, price, origin }) => [symbol, source, id, price, origin]),
      ).toEqual([
        ['BTC-USD', 'binance', 18, '117', 'backfill'],
        ['BTC-USD', 'binance', 19, '118', 'backfill'],
        ['BTC-USD', 'binance', 20, '119', 'backfill'],
      ]);
      expect(await feed.history('AAPL', 1, 2)).toEqual([]);
    });

    it('rejects while Binance does not answer', async () => {
      await serve();
      server.failRest(1);
      await start(null, { symbols: [] });
      await expect(feed.history('BTC-USD', 1, 2)).rejects.toThrow('HTTP 503');
    });
  });

  describe('when it is stopped', () => {
    it('leaves no connection, and hands on nothing more', async () => {
      await serve();
      server.advance(10);
      await start(null);
      await live();
      await feed.stop();
      await vi.waitFor(() => expect(server.stats.subscriptions).toEqual([]));
      server.advance(5);
      expect(sink.ids()).toEqual([10]);
      expect(sink.states.at(-1)).toBe('BTC-USD live');
    });

    it('may be in the middle of connecting', async () => {
      await serve();
      await start(null);
      await feed.stop();
      expect(sink.states).toEqual(['BTC-USD connecting']);
    });
  });

  describe.skipIf(!hasSharedData)(`on a recording of Binance${needsSharedData}`, () => {
    it('hands on every trade once and in order, though the connection is cut again and again', async () => {
      await serve({
        trades: undefined,
        recording: sharedData('ws/binance-spot/trades_btcusdt_ethusdt_20240808T2354-20240809T0005.jsonl.gz'),
      });
      const first = new Map(server.advance(2).map(({ symbol, id }) => [symbol, id]));
      await start(null, { symbols: ['BTC-USD', 'ETH-USD'] });
      await Promise.all([live('BTC-USD'), live('ETH-USD')]);
      while (server.stats.played < server.trades.length) {
        server.advance(3_000);
        if (server.stats.played % 2_000 < 1_000) server.disconnectAll();
        await vi.waitFor(() => expect(server.stats.subscriptions).toHaveLength(1), 5_000);
      }
      for (const [symbol, pair] of SYMBOLS) {
        const recorded = server.trades.filter(
          (trade) => trade.symbol === pair && trade.id >= first.get(pair)!,
        );
        await vi.waitFor(() => expect(sink.ids(symbol)).toHaveLength(recorded.length), 20_000);
        const own = sink.received.filter((tick) => tick.symbol === symbol);
        expect(own.map(({ id, price }) => [id, Number(price)])).toEqual(
          recorded.map(({ id, price }) => [id, Number(price)]),
        );
      }
      expect(feed.counters).toMatchObject({ gaps: 0 });
      expect(feed.counters.disconnections).toBeGreaterThan(2);
    }, 60_000);
  });
});

function frameOf({ symbol, id, price, quantity, time }: Trade): object {
  return {
    stream: `${symbol.toLowerCase()}@aggTrade`,
    data: {
      e: 'aggTrade',
      E: time,
      s: symbol,
      a: id,
      p: price,
      q: quantity,
      f: id,
      l: id,
      T: time,
      m: true,
      M: true,
    },
  };
}

function rowOf({ id, price, quantity }: Trade): object {
  return { a: id, p: price, q: quantity, f: id, l: id, T: 1.7e12, m: true, M: true };
}

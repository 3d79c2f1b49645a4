import type { INestApplicationContext } from '@nestjs/common';
import { type IQueryHandler, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { AlertCreated, type Cursor, FindCursor } from '#libs/alerts/contracts';
import { Config, ConfigurationError, loadConfig } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { Outbox, Relay } from '#platform/messaging';
import { Metrics } from '#platform/metrics';
import { Database } from '#platform/persistence';
import { startBinanceServer } from '../../../../test/support/binance-server/server.ts';
import { tradesOf } from '../../../../test/support/binance-server/trade.ts';
import type { TestDatabase } from '../../../../test/support/database.ts';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { createMigratedDatabase } from '../../../../test/support/migrated-database.ts';
import { FindLastTick, FindQuotes, type Tick, TickStream } from '../contracts/index.ts';
import { Catalogue } from '../domain/catalogue.ts';
import { FeedStates } from '../features/feed-states.ts';
import { MarketFeedsModule, marketDataPersistence } from '../market-data.module.ts';

let cursor: Cursor | null;

@QueryHandler(FindCursor)
class CursorOfTest implements IQueryHandler<FindCursor> {
  execute(): Promise<Cursor | null> {
    return Promise.resolve(cursor);
  }
}

describe('the feeds of a process', () => {
  let postgres: TestDatabase;
  let app: INestApplicationContext;
  let ticks: Tick[];

  const settings = (environment: object) =>
    loadConfig({
      DATABASE_URL: postgres.url,
      TOCSIN_PROFILE: 'embedded',
      LOG_LEVEL: 'trace',
      ...environment,
    });
  const start = async (environment: object) => {
    const testing = await Test.createTestingModule({
      imports: [
        ...platformModules(settings(environment), 'test', [marketDataPersistence]),
        MarketFeedsModule,
      ],
      providers: [CursorOfTest],
    }).compile();
    app = testing;
    app.get(TickStream).subscribe(async (batch) => void ticks.push(...batch));
    await testing.init();
  };
  const symbols = () => new Set(ticks.map(({ symbol }) => symbol));

  beforeEach(async () => {
    postgres = await createMigratedDatabase(inject('postgresUrl'), [marketDataPersistence]);
    ticks = [];
    cursor = null;
  });
  afterEach(async () => {
    await app.close();
    await postgres.drop();
  });

  it('follow the symbols that are named, by any of their names', async () => {
    await start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'btcusdt,DEMO-USD,BTC' });
    await vi.waitFor(() => expect(symbols()).toEqual(new Set(['BTC-USD', 'DEMO-USD'])));
  });

  it('follow a symbol that gets an alert', async () => {
    await start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'BTC-USD' });
    await app.get(Database).transaction(async () => {
      await app.get(Outbox).append([new AlertCreated({ alertId: '1', userId: '1', symbol: 'ETH-USD' })]);
    });
    await app.get(Relay).drain();
    await vi.waitFor(() => expect(symbols()).toContain('ETH-USD'), 5000);

    await app.close();
    ticks = [];
    await start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'BTC-USD' });
    await vi.waitFor(() => expect(symbols()).toContain('ETH-USD'), 5000);
  });

  it('begin after the tick that was evaluated last', async () => {
    cursor = { source: 'simulated', tickId: Math.floor(Date.now() / 250) - 50 };
    await start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'DEMO-USD' });
    await vi.waitFor(() => expect(ticks.length).toBeGreaterThan(50));
    expect(ticks[0]).toMatchObject({ id: cursor.tickId + 1, origin: 'backfill' });
  });

  it('tell their history', async () => {
    await start({ MARKET_FEEDS: 'simulated,none', MARKET_SYMBOLS: 'DEMO-USD' });
    const through = Math.floor(Date.now() / 250);
    const history = await app.get(TickStream).history('DEMO-USD', through - 9, through);
    expect(history.map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, index) => through - 9 + index),
    );
  });

  it('have written the last price when they stop', async () => {
    await start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'DEMO-USD' });
    await vi.waitFor(() => expect(ticks.length).toBeGreaterThan(3));
    await app.close();
    const last = ticks.at(-1)!;
    await start({ MARKET_FEEDS: 'none' });
    const [kept] = await app.get(Database).sql`
      select tick_id as id, trim_scale(price)::text as price from market_data.last_ticks
      where symbol = 'DEMO-USD' and source = 'simulated'`;
    expect(kept).toEqual({ id: last.id, price: last.price });
  });

  it('record what Binance says, trades and rolling 24 hours', async () => {
    const server = await startBinanceServer({
      trades: tradesOf('BTCUSDT', [100, 101, 102]),
      speed: 'step',
      miniTickerMs: 20,
    });
    try {
      server.advance(2);
      await start({
        MARKET_FEEDS: 'binance',
        MARKET_SYMBOLS: 'BTC-USD',
        BINANCE_WS_URL: server.wsUrl,
        BINANCE_REST_URL: server.restUrl,
      });
      await vi.waitFor(() => expect(ticks.map(({ price }) => price)).toEqual(['101']), 5000);
      server.advance(1);
      await vi.waitFor(async () => {
        const [quote] = await app.get(QueryBus).execute(new FindQuotes(['btc']));
        expect(quote).toMatchObject({ price: '102', dayHigh: '102', dayLow: '100', change24hPercent: '2' });
      }, 5000);
      const last = await app.get(QueryBus).execute(new FindLastTick('BTC-USD'));
      expect(last).toMatchObject({ source: 'binance', id: ticks.at(-1)!.id, price: '102' });
    } finally {
      await app.close();
      await server.close();
    }
  });

  it('are counted: what they offered and what came of it, connections, and spans left out', async () => {
    const server = await startBinanceServer({
      trades: tradesOf('BTCUSDT', [100, 101, 102, 103, 104, 105, 106, 107]),
      speed: 'step',
      miniTickerMs: 0,
    });
    const scrape = async (metrics = app.get(Metrics)) => parseExposition(await metrics.text());
    const counted = async () => {
      const families = await scrape();
      const of = (name: string, labels = {}) =>
        totalOf(families, `tocsin_feed_${name}`, { source: 'binance', ...labels });
      return {
        received: of('ticks_received_total'),
        backfill: of('ticks_received_total', { origin: 'backfill' }),
        recorded: of('ticks_recorded_total'),
        rejected: of('ticks_rejected_total'),
        unreadable: of('ticks_rejected_total', { reason: 'json' }),
        connected: of('connected'),
        connections: of('connections_total'),
        filled: of('gaps_total', { outcome: 'filled' }),
        unfilled: of('gaps_total', { outcome: 'unfilled' }),
        missing: of('missing_trades_total'),
      };
    };
    const feedsAre = async () => {
      // A new one each time: what it has read it remembers for ten seconds.
      const metrics = new Metrics('api');
      void new FeedStates(metrics, app.get(Database), app.get(Catalogue, { strict: false }), app.get(Config));
      return (await scrape(metrics))
        .get('tocsin_feed_symbols')
        ?.samples.map(({ labels, value }) => [labels['source'], labels['state'], value]);
    };
    try {
      server.advance(2);
      await start({
        MARKET_FEEDS: 'binance',
        MARKET_SYMBOLS: 'BTC-USD,ETH-USD',
        BINANCE_WS_URL: server.wsUrl,
        BINANCE_REST_URL: server.restUrl,
      });
      await vi.waitFor(() => expect(ticks.map(({ price }) => price)).toEqual(['101']), 5000);
      await vi.waitFor(async () => expect(await feedsAre()).toContainEqual(['binance', 'live', 1]), 5000);
      server.disconnectAll();
      server.advance(5);
      await vi.waitFor(() => expect(ticks).toHaveLength(6), 5000);
      await vi.waitFor(async () => expect(await counted()).toMatchObject({ connections: 2 }), 5000);
      await vi.waitFor(async () => expect(await feedsAre()).toContainEqual(['binance', 'live', 1]), 5000);
      server.advance(1);
      server.injectFrame('nonsense');
      await vi.waitFor(async () => {
        expect(await counted()).toEqual({
          received: 7,
          // The last one by whichever way is quicker.
          backfill: expect.toBeOneOf([6, 7]),
          recorded: 7,
          rejected: 1,
          unreadable: 1,
          connected: 1,
          connections: 2,
          filled: 1,
          unfilled: 0,
          missing: 0,
        });
      }, 5000);
      const age = (await scrape()).get('tocsin_feed_last_tick_age_seconds')?.samples ?? [];
      expect(age.map(({ labels }) => labels['symbol'])).toEqual(['BTC-USD']);
      expect(age[0]?.value).toBeLessThan(60);
      // As after a crash: nobody says any more that the feed is live.
      await vi.waitFor(async () => {
        await app.get(Database)
          .sql`update market_data.feed_states set confirmed_at = now() - interval '1 hour'`;
        expect(await feedsAre()).toEqual([['binance', 'stale', 2]]);
      });
    } finally {
      await app.close();
      await server.close();
    }
  });

  it('leave real symbols alone while their exchange cannot be reached, and say so', async () => {
    await start({
      MARKET_FEEDS: 'binance,coingecko,simulated',
      MARKET_SYMBOLS: 'SOL-USD,DEMO-USD',
      // Nobody listens on port 9 of this machine.
      BINANCE_WS_URL: 'ws://127.0.0.1:9',
      BINANCE_REST_URL: 'http://127.0.0.1:9',
    });
    const quotes = () => app.get(QueryBus).execute(new FindQuotes(['SOL-USD', 'DEMO-USD']));
    await vi.waitFor(async () => {
      const states = await app.get(Database).sql`
        select symbol, state from market_data.feed_states
        where source = 'binance' and state = 'unreachable'`;
      expect(states).toEqual([{ symbol: 'SOL-USD', state: 'unreachable' }]);
      expect(await quotes()).toMatchObject([
        { symbol: 'SOL-USD', price: null, source: 'binance', stale: true },
        { symbol: 'DEMO-USD', price: expect.any(String), source: 'simulated', stale: false },
      ]);
    }, 10_000);
    expect(symbols()).toEqual(new Set(['DEMO-USD']));
    expect(await app.get(TickStream).history('NOPE', 1, 2)).toEqual([]);
  });

  it('do not start with an unknown symbol, and name the variable', async () => {
    const starting = start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'BTC-USD,NOPE,ALSO-NOT' });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(
      'MARKET_SYMBOLS: there is no instrument NOPE\nMARKET_SYMBOLS: there is no instrument ALSO-NOT',
    );
  });
});

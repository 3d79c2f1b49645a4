import { type INestApplicationContext, Module } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '#kernel';
import { platformModules } from '#platform/lifecycle';
import { Database } from '#platform/persistence';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { FindLastTick, FindQuotes, type Tick } from '../contracts/index.ts';
import type { FeedState } from '../feeds/price-feed.ts';
import { MarketDataModule, marketDataPersistence } from '../market-data.module.ts';
import { LatestPrices } from '../persistence/latest-prices.ts';
import { RecordTicks } from './record-ticks.ts';

const now = new Date('2026-11-22T12:00:00Z');

function tick(id: number, price = '100', symbol = 'BTC-USD'): Tick {
  return {
    symbol,
    source: 'binance',
    id,
    price,
    quantity: '0.5',
    at: new Date(now.getTime() - 1000 + id),
    receivedAt: now,
    origin: 'live',
  };
}

@Module({ imports: [MarketDataModule], providers: [LatestPrices, RecordTicks] })
class RecordingModule {}

describe('recording ticks', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let app: INestApplicationContext;
  let recorder: RecordTicks;
  let database: Database;
  let queries: QueryBus;

  beforeAll(async () => {
    postgres = await migratedDatabase([marketDataPersistence]);
    const { config } = postgres;
    const testing = await Test.createTestingModule({
      imports: [...platformModules(config, 'test', [marketDataPersistence]), RecordingModule],
    })
      .overrideProvider(Clock)
      .useValue({ now: () => now })
      .compile();
    app = await testing.init();
    database = app.get(Database);
    queries = app.get(QueryBus);
  });

  beforeEach(async () => {
    recorder = new RecordTicks(app.get(LatestPrices), app.get(Clock));
    await database.sql`truncate market_data.last_ticks, market_data.day_statistics, market_data.feed_states`;
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  describe('passes them on', () => {
    it('to every listener, in order', async () => {
      const heard: string[] = [];
      for (const name of ['first', 'second']) {
        recorder.subscribe(async (ticks) => void heard.push(`${name} ${ticks.map(({ id }) => id).join()}`));
      }
      await recorder.sinkOf('binance').ticks([tick(1), tick(2)]);
      expect(heard).toEqual(['first 1,2', 'second 1,2']);
    });

    it('once, and counts what comes again or out of order', async () => {
      const heard: number[] = [];
      recorder.subscribe(async (ticks) => void heard.push(...ticks.map(({ id }) => id)));
      const sink = recorder.sinkOf('binance');
      await sink.ticks([tick(5), tick(5), tick(7), tick(6)]);
      await sink.ticks([tick(7)]);
      await sink.ticks([tick(8), { ...tick(1), symbol: 'ETH-USD' }]);
      expect(heard).toEqual([5, 7, 8, 1]);
      expect(recorder.counts.get('binance')).toMatchObject({ repeated: 3 });
    });

    it('again when a listener had refused them', async () => {
      const heard: number[] = [];
      let refusals = 1;
      recorder.subscribe(async (ticks) => {
        if (refusals-- > 0) throw new Error('not now');
        heard.push(...ticks.map(({ id }) => id));
      });
      const sink = recorder.sinkOf('binance');
      await expect(sink.ticks([tick(1), tick(2)])).rejects.toThrow('not now');
      await sink.ticks([tick(1), tick(2)]);
      expect(heard).toEqual([1, 2]);
      expect(recorder.counts.get('binance')?.repeated).toBe(0);
    });

    it('one batch at a time, from whichever feed', async () => {
      const first = Promise.withResolvers<void>();
      const heard: number[] = [];
      recorder.subscribe(async (ticks) => {
        heard.push(ticks[0]!.id);
        if (ticks[0]!.id === 1) await first.promise;
      });
      const slow = recorder.sinkOf('binance').ticks([tick(1)]);
      const other = recorder.sinkOf('simulated').ticks([tick(2, '100', 'DEMO-USD')]);
      await new Promise(setImmediate);
      expect(heard).toEqual([1]);
      first.resolve();
      await Promise.all([slow, other]);
      expect(heard).toEqual([1, 2]);
    });
  });

  describe('keeps the latest', () => {
    const last = () => queries.execute(new FindLastTick('btc'));

    beforeEach(() => recorder.sinkOf('binance').state(['BTC-USD'], 'live'));

    it('and nothing before the first', async () => {
      expect(await last()).toBeNull();
    });

    it('price of each symbol, exactly', async () => {
      await recorder.sinkOf('binance').ticks([tick(1), tick(3, '64123.12345678')]);
      await recorder.flush();
      expect(await last()).toEqual({ source: 'binance', id: 3, price: '64123.12345678', at: tick(3).at });
    });

    it('but calls none the last one while the feed is behind, or its process gone', async () => {
      await recorder.sinkOf('binance').ticks([tick(1)]);
      await recorder.flush();
      await database.sql`update market_data.feed_states set confirmed_at = now() - interval '31 seconds'`;
      expect(await last()).toBeNull();
      recorder.sayAgain();
      await recorder.flush();
      expect((await last())?.id).toBe(1);
      recorder.sinkOf('binance').state(['BTC-USD'], 'stale');
      await recorder.flush();
      expect(await last()).toBeNull();
      recorder.sayAgain();
      await recorder.flush();
      expect(await last()).toBeNull();
    });

    describe('of several processes', () => {
      let other: RecordTicks;
      const says = async (which: RecordTicks, state: FeedState): Promise<void> => {
        which.sinkOf('binance').state(['BTC-USD'], state);
        await which.flush();
      };
      const repeats = async (which: RecordTicks): Promise<void> => {
        which.sayAgain();
        await which.flush();
      };

      beforeEach(async () => {
        other = new RecordTicks(app.get(LatestPrices), app.get(Clock));
        await recorder.sinkOf('binance').ticks([tick(1)]);
        await recorder.flush();
      });

      it('while one of them is live, whatever those say that are not yet', async () => {
        for (const state of ['connecting', 'unreachable'] as const) await says(other, state);
        await repeats(other);
        expect((await last())?.id).toBe(1);
      });

      it('again as soon as one that is live repeats it, after another has lost its connection', async () => {
        await says(other, 'live');
        await says(other, 'stale');
        expect(await last()).toBeNull();
        await repeats(recorder);
        await repeats(other);
        expect((await last())?.id).toBe(1);
      });

      it('until nobody has repeated for half a minute that it is live', async () => {
        await says(other, 'unreachable');
        await database.sql`update market_data.feed_states set confirmed_at = now() - interval '31 seconds'`;
        await repeats(other);
        const [row] = await database.sql`select state from market_data.feed_states`;
        expect(row).toEqual({ state: 'unreachable' });
      });
    });

    it('also when an older one is written later', async () => {
      await recorder.flush();
      await app.get(LatestPrices).saveTicks([tick(9, '109')]);
      await app.get(LatestPrices).saveTicks([tick(4, '104')]);
      expect((await last())?.id).toBe(9);
    });

    it('but not what was written before', async () => {
      await recorder.sinkOf('binance').ticks([tick(1)]);
      await recorder.flush();
      await database.sql`truncate market_data.last_ticks`;
      await recorder.flush();
      expect(await last()).toBeNull();
    });

    it('until it could be written', async () => {
      await recorder.sinkOf('binance').ticks([tick(1)]);
      await database.sql`alter table market_data.last_ticks rename to away`;
      await expect(recorder.flush()).rejects.toThrow('last_ticks');
      await database.sql`alter table market_data.away rename to last_ticks`;
      await recorder.flush();
      expect((await last())?.id).toBe(1);
    });

    it('statistics and state, which make up a quote', async () => {
      const sink = recorder.sinkOf('binance');
      const day = {
        symbol: 'BTC-USD',
        source: 'binance',
        last: '99',
        open: '80',
        high: '120.50',
        low: '70',
        volume: '1000000',
        at: new Date(now.getTime() - 5000),
      };
      sink.statistics([{ ...day, high: '1' }, day]);
      sink.state(['BTC-USD'], 'live');
      await sink.ticks([tick(1, '100.10')]);
      await recorder.flush();
      const [bitcoin, ether] = await queries.execute(new FindQuotes(['BTC', 'nope', 'ETH-USD']));
      expect(bitcoin).toEqual({
        symbol: 'BTC-USD',
        price: '100.1',
        dayHigh: '120.5',
        dayLow: '70',
        volume24h: '1000000',
        volumeUnit: 'USD',
        marketCap: null,
        change24hPercent: '25.125',
        source: 'binance',
        asOf: tick(1).at,
        stale: false,
      });
      expect(ether).toMatchObject({ symbol: 'ETH-USD', price: null, asOf: null, stale: true });

      sink.state(['BTC-USD'], 'unreachable', 'ECONNREFUSED');
      await recorder.flush();
      expect((await queries.execute(new FindQuotes(['BTC-USD'])))[0]).toMatchObject({
        price: '100.1',
        stale: true,
      });
    });

    it('and nothing simulated of a real symbol', async () => {
      await app.get(LatestPrices).saveTicks([{ ...tick(5), source: 'simulated' }]);
      expect(await last()).toBeNull();
      expect((await queries.execute(new FindQuotes(['BTC'])))[0]?.price).toBeNull();
    });
  });
});

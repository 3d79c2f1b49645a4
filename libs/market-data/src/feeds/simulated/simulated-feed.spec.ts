import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '#kernel';
import { Catalogue } from '../../domain/catalogue.ts';
import type { FeedState, Tick } from '../price-feed.ts';
import { SimulatedFeed } from './simulated-feed.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const newest = noon / 250;

describe('the simulated feed', () => {
  let feed: SimulatedFeed;
  let received: Tick[];
  let states: [string[], FeedState][];
  let failures: number;
  const sink = {
    ticks: (ticks: readonly Tick[]) => {
      if (failures-- > 0) return Promise.reject(new Error('not now'));
      received.push(...ticks);
      return Promise.resolve();
    },
    statistics: () => undefined,
    state: (symbols: readonly string[], state: FeedState) => void states.push([[...symbols], state]),
  };
  const ids = () => received.map(({ id }) => id - newest);
  const start = async (cursor: number | null) => {
    await feed.start(sink, () => Promise.resolve(cursor));
    await vi.advanceTimersByTimeAsync(0);
  };

  beforeEach(() => {
    vi.useFakeTimers({ now: noon });
    feed = new SimulatedFeed(Catalogue.of(['binance', 'simulated']), new SystemClock());
    received = [];
    states = [];
    failures = 0;
  });
  afterEach(async () => {
    await feed.stop();
    vi.useRealTimers();
  });

  it('gives a trade every quarter of a second, without a gap', async () => {
    feed.watch(['DEMO-USD']);
    await start(null);
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids()).toEqual([0, 1, 2, 3, 4]);
    expect(received[4]).toEqual({
      symbol: 'DEMO-USD',
      source: 'simulated',
      id: newest + 4,
      price: expect.stringMatching(/^\d+(\.\d{1,2})?$/),
      quantity: expect.any(String),
      at: new Date(noon + 1000),
      receivedAt: new Date(noon + 1000),
      origin: 'live',
    });
    expect(states).toEqual([[['DEMO-USD'], 'live']]);
  });

  it('leaves out no trade when the process was held up', async () => {
    feed.watch(['DEMO-USD']);
    await start(null);
    vi.setSystemTime(noon + 5000);
    await vi.advanceTimersByTimeAsync(250);
    expect(ids()).toEqual(Array.from({ length: 22 }, (_, index) => index));
  });

  it('fills in from the tick after the cursor, and says which were filled in', async () => {
    feed.watch(['DEMO-USD']);
    await start(newest - 1000);
    await vi.advanceTimersByTimeAsync(250);
    expect(ids()).toEqual(Array.from({ length: 1001 }, (_, index) => index - 999));
    expect(received.filter(({ origin }) => origin === 'live').map(({ id }) => id)).toEqual([
      newest,
      newest + 1,
    ]);
  });

  it('fills in an hour at most', async () => {
    feed.watch(['DEMO-USD']);
    await start(1);
    expect(ids()[0]).toBe(-14_399);
    expect(received).toHaveLength(14_400);
  });

  it('repeats nothing while the cursor is ahead of the clock', async () => {
    feed.watch(['DEMO-USD']);
    await start(newest + 2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids()).toEqual([3, 4]);
  });

  it('offers the same trades again after they were refused', async () => {
    failures = 2;
    feed.watch(['DEMO-USD']);
    await start(newest - 3);
    expect(received).toEqual([]);
    expect(states).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toEqual([-2, -1, 0, 1, 2]);
    expect(states).toEqual([[['DEMO-USD'], 'live']]);
  });

  it('follows a symbol from when it is watched', async () => {
    await start(null);
    await vi.advanceTimersByTimeAsync(1000);
    expect(received).toEqual([]);
    feed.watch(['DEMO-USD']);
    await vi.advanceTimersByTimeAsync(250);
    expect(ids()).toEqual([4, 5]);
  });

  it('passes over the symbols of other sources', async () => {
    feed.watch(['BTC-USD', 'NOPE-USD']);
    await start(null);
    expect(received).toEqual([]);
  });

  it('serves real symbols when it is the only feed', async () => {
    feed = new SimulatedFeed(Catalogue.of(['simulated']), new SystemClock());
    feed.watch(['BTC-USD', 'DEMO-USD']);
    await start(null);
    expect(received.map(({ symbol }) => symbol)).toEqual(['BTC-USD', 'DEMO-USD']);
  });

  it('says nothing after it was stopped', async () => {
    feed.watch(['DEMO-USD']);
    await start(null);
    await feed.stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids()).toEqual([0]);
  });

  it('recomputes what it gave as its history', async () => {
    feed.watch(['DEMO-USD']);
    await start(null);
    await vi.advanceTimersByTimeAsync(1000);
    const told = received.map(({ id, price }) => ({ id, price }));
    const history = await feed.history('DEMO-USD', newest, newest + 100);
    expect(history.map(({ id, price }) => ({ id, price }))).toEqual(told);
    expect(history.every(({ origin }) => origin === 'backfill')).toBe(true);
  });

  it('gives the last hour of a longer history', async () => {
    const history = await feed.history('DEMO-USD', 1, newest - 10);
    expect(history).toHaveLength(14_400);
    expect(history.at(-1)!.id).toBe(newest - 10);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Replay, type ReplayOptions } from './replay.ts';
import { tradesOf, type Trade } from './trade.ts';

const START = Date.UTC(2026, 0, 1);
/** Recorded at 0, 600, 1,200 and 1,800 ms of some past day. */
const MARKET = tradesOf('BTCUSDT', [10, 11, 12, 13], { firstId: 100, from: 5_000_000, everyMs: 600 });

describe('A replay', () => {
  let played: Trade[];
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    played = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function replay(options: Partial<ReplayOptions> = {}): Replay {
    return new Replay(MARKET, {
      speed: 1,
      loop: false,
      now: Date.now,
      play: (trade) => played.push(trade),
      ...options,
    });
  }
  const seen = (): [id: number, after: number][] => played.map(({ id, time }) => [id, time - START]);

  it('plays nothing before its start', () => {
    replay();
    vi.advanceTimersByTime(10_000);
    expect(played).toEqual([]);
  });

  it('plays each trade at its distance from the first, stamped with that moment', () => {
    replay().start();
    vi.advanceTimersByTime(1_300);
    expect(seen()).toEqual([
      [100, 0],
      [101, 600],
      [102, 1_200],
    ]);
  });

  it('shortens both the waiting and the times by its speed', () => {
    replay({ speed: 60 }).start();
    vi.advanceTimersByTime(29);
    expect(seen()).toEqual([
      [100, 0],
      [101, 10],
      [102, 20],
    ]);
  });

  it('plays everything at once at infinite speed, and is finished', async () => {
    const all = replay({ speed: Infinity });
    all.start();
    vi.advanceTimersByTime(1);
    expect(seen()).toEqual([
      [100, 0],
      [101, 0],
      [102, 0],
      [103, 0],
    ]);
    await expect(all.finished).resolves.toBeUndefined();
  });

  it('adds the time spent paused', () => {
    const paused = replay();
    paused.start();
    vi.advanceTimersByTime(700);
    paused.pause();
    vi.advanceTimersByTime(5_000);
    expect(played).toHaveLength(2);
    paused.start();
    vi.advanceTimersByTime(500);
    expect(seen().slice(2)).toEqual([[102, 6_200]]);
  });

  it('plays only what it is told to in steps', () => {
    const steps = replay({ speed: 'step' });
    steps.start();
    expect([steps.running, vi.getTimerCount()]).toEqual([false, 0]);
    vi.advanceTimersByTime(10_000);
    expect(played).toEqual([]);
    expect(steps.advance(2).map(({ id }) => id)).toEqual([100, 101]);
    vi.advanceTimersByTime(50);
    steps.advance(1);
    expect(seen()).toEqual([
      [100, 10_000],
      [101, 10_000],
      [102, 10_050],
    ]);
    expect(steps.advance(9)).toHaveLength(1);
  });

  it('goes on from the trade it was advanced to', () => {
    const ahead = replay();
    ahead.advance(2);
    ahead.start();
    vi.advanceTimersByTime(600);
    expect(seen()).toEqual([
      [100, 0],
      [101, 0],
      [102, 600],
    ]);
  });

  it('counts on from the moment at which it is advanced while it runs', () => {
    const ahead = replay();
    ahead.start();
    vi.advanceTimersByTime(100);
    ahead.advance(2);
    vi.advanceTimersByTime(600);
    expect(seen()).toEqual([
      [100, 0],
      [101, 100],
      [102, 100],
      [103, 700],
    ]);
  });

  it('loops with ids and times that go on', () => {
    const looping = replay({ loop: true });
    looping.start();
    vi.advanceTimersByTime(1_800 + 1_000 + 600);
    expect(seen().slice(3)).toEqual([
      [103, 1_800],
      [104, 2_800],
      [105, 3_400],
    ]);
    looping.stop();
    vi.advanceTimersByTime(60_000);
    expect(played).toHaveLength(6);
  });
});

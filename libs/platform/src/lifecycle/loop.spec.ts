import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Loop } from './loop.ts';

describe('a loop', () => {
  const logged = vi.fn<(error: unknown) => void>();
  let loop: Loop;
  let rounds: number;
  let running: number;
  let atOnce: number;
  /** What a round waits for, or fails with. */
  let work: () => Promise<void>;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Logger.prototype, 'error').mockImplementation(logged);
    logged.mockClear();
    rounds = running = atOnce = 0;
    work = async () => {};
    loop = new Loop('Test', async () => {
      rounds += 1;
      running += 1;
      atOnce = Math.max(atOnce, running);
      try {
        await work();
      } finally {
        running -= 1;
      }
    });
  });

  afterEach(async () => {
    await loop.stop();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  const settle = () => vi.advanceTimersByTimeAsync(0);
  const aRoundThatWaits = () => {
    const gate = Promise.withResolvers<void>();
    work = () => gate.promise;
    return gate;
  };

  it('runs at once and then once a second', async () => {
    loop.start();
    await settle();
    expect(rounds).toBe(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(rounds).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(rounds).toBe(2);
    await vi.advanceTimersByTimeAsync(3000);
    expect(rounds).toBe(5);
  });

  it('keeps another pace when told', async () => {
    const slow = new Loop('Slow', work, 10_000);
    const spy = vi.spyOn(slow as unknown as { work: () => Promise<void> }, 'work');
    slow.start();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(spy).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(spy).toHaveBeenCalledTimes(2);
    await slow.stop();
  });

  it('runs at once when woken, and a second after that', async () => {
    loop.start();
    await vi.advanceTimersByTimeAsync(500);
    loop.wake();
    await settle();
    expect(rounds).toBe(2);
    await vi.advanceTimersByTimeAsync(999);
    expect(rounds).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(rounds).toBe(3);
  });

  it('does not run before its start, whoever wakes it, and once then', async () => {
    loop.wake();
    loop.wake();
    await vi.advanceTimersByTimeAsync(5000);
    expect(rounds).toBe(0);
    loop.start();
    await settle();
    expect(rounds).toBe(1);
  });

  it('answers wakes during a round by one more, after it', async () => {
    const gate = aRoundThatWaits();
    loop.start();
    await settle();
    loop.wake();
    loop.wake();
    await vi.advanceTimersByTimeAsync(5000);
    expect(rounds).toBe(1);
    gate.resolve();
    await settle();
    expect(rounds).toBe(2);
    expect(atOnce).toBe(1);
  });

  it('runs one round at a time, also when the work wakes it', async () => {
    loop = new Loop('Waking itself', () => {
      rounds += 1;
      running += 1;
      atOnce = Math.max(atOnce, running);
      if (rounds < 3) loop.wake();
      running -= 1;
      return Promise.resolve();
    });
    loop.start();
    await settle();
    expect(rounds).toBe(3);
    expect(atOnce).toBe(1);
  });

  it('goes on after errors, and logs an outage once', async () => {
    work = () => Promise.reject(new Error('away'));
    loop.start();
    await vi.advanceTimersByTimeAsync(3000);
    expect(rounds).toBe(4);
    expect(logged.mock.calls).toEqual([[new Error('away')]]);

    work = async () => {};
    await vi.advanceTimersByTimeAsync(1000);
    work = () => Promise.reject(new Error('away again'));
    await vi.advanceTimersByTimeAsync(2000);
    expect(logged.mock.calls).toEqual([[new Error('away')], [new Error('away again')]]);
  });

  it('waits for the round under way when it stops, and begins no other', async () => {
    const gate = aRoundThatWaits();
    loop.start();
    await settle();
    loop.wake();
    let stopped = false;
    const stopping = loop.stop().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(5000);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    expect(stopped).toBe(true);
    loop.wake();
    await vi.advanceTimersByTimeAsync(5000);
    expect(rounds).toBe(1);
  });

  it('is alive from its start to its end, also in vain, unless a round never ends', async () => {
    expect(loop.isAlive).toBe(false);
    work = () => Promise.reject(new Error('away'));
    loop.start();
    await vi.advanceTimersByTimeAsync(900_000);
    expect(loop.isAlive).toBe(true);
    const gate = aRoundThatWaits();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(loop.isAlive).toBe(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(loop.isAlive).toBe(false);
    gate.resolve();
    await settle();
    expect(loop.isAlive).toBe(true);
    await loop.stop();
    expect(loop.isAlive).toBe(false);
  });

  it('stops between rounds, and before its first', async () => {
    await loop.stop();
    loop.start();
    await settle();
    await loop.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(rounds).toBe(1);
  });
});

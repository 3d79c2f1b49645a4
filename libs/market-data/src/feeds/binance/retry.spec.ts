import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pause, retryDelay } from './retry.ts';

const POLICY = { firstMs: 250, baseMs: 500, capMs: 30_000 };

describe('The delay before a retry', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is short at first, then may double up to a cap', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    expect([1, 2, 3, 4, 7, 8, 100].map((failures) => retryDelay(failures, POLICY))).toEqual([
      250, 1_000, 2_000, 4_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('is anywhere between nothing and its limit', () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    expect([retryDelay(3, POLICY), retryDelay(3, POLICY)]).toEqual([0, 1_000]);
  });
});

describe('A pause', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends after its time', async () => {
    const waiting = new Pause().wait(1_000);
    vi.advanceTimersByTime(1_000);
    await expect(waiting).resolves.toBeUndefined();
  });

  it('ends when it is cut, and leaves no timer', async () => {
    const pause = new Pause();
    const waiting = pause.wait(1_000);
    pause.cut();
    await expect(waiting).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that was closed does not begin', async () => {
    const pause = new Pause();
    pause.close();
    await expect(pause.wait(1_000)).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

describe('the wait before a restart', () => {
  it('doubles from a second to half a minute', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 7 }, () => backoff.delayMs(200));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('is a second again after a minute of life', () => {
    const backoff = new Backoff();
    for (let restarts = 0; restarts < 5; restarts += 1) backoff.delayMs(59_999);
    expect(backoff.delayMs(60_000)).toBe(1000);
    expect(backoff.inARow).toBe(1);
    expect(backoff.delayMs(0)).toBe(2000);
    expect(backoff.inARow).toBe(2);
  });
});

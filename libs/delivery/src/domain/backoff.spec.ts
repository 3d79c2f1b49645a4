import { describe, expect, it } from 'vitest';
import { backoffMs, maxAttempts } from './backoff.ts';

const longest = (attempts: number) => backoffMs(attempts, () => 1);

describe('the pause before another try', () => {
  it('grows from two seconds to four hours', () => {
    expect([1, 2, 3, 4].map(longest)).toEqual([2_000, 8_000, 32_000, 128_000]);
    expect(longest(maxAttempts)).toBe(4 * 3_600_000);
    expect(longest(1_000)).toBe(4 * 3_600_000);
  });

  it('lies anywhere between nothing and its longest', () => {
    expect(backoffMs(3, () => 0)).toBe(0);
    expect(backoffMs(3, () => 0.5)).toBe(16_000);
  });

  it('tries for less than a day before giving up', () => {
    const total = Array.from({ length: maxAttempts - 1 }, (_, index) => longest(index + 1));
    expect(total.reduce((sum, ms) => sum + ms)).toBeLessThan(24 * 3_600_000);
  });
});

import { describe, expect, it } from 'vitest';
import { backoffMs, countTry, retriesOf } from './backoff.ts';

const email = retriesOf('email');
const longest = (tries: number) => backoffMs(email, tries, () => 1);

describe('the pause before another try of a mail', () => {
  it('grows from two seconds to four hours', () => {
    expect([1, 2, 3, 4].map(longest)).toEqual([2_000, 8_000, 32_000, 128_000]);
    expect(longest(email.maxAttempts)).toBe(4 * 3_600_000);
    expect(longest(1_000)).toBe(4 * 3_600_000);
  });

  it('lies anywhere between nothing and its longest', () => {
    expect(backoffMs(email, 3, () => 0)).toBe(0);
    expect(backoffMs(email, 3, () => 0.5)).toBe(16_000);
  });

  it('tries for less than a day before giving up', () => {
    const total = Array.from({ length: email.maxAttempts - 1 }, (_, index) => longest(index + 1));
    expect(total.reduce((sum, ms) => sum + ms)).toBeLessThan(24 * 3_600_000);
  });
});

describe('the pause before another try', () => {
  it('is as its channel wants it', () => {
    const hasty = { maxAttempts: 3, firstMs: 10, growth: 2, longestMs: 30 };
    expect([1, 2, 3].map((tries) => backoffMs(hasty, tries, () => 1))).toEqual([10, 20, 30]);
  });
});

describe('a try that speaks of the provider', () => {
  it('is no attempt, twenty times', () => {
    let tries = { attempts: 1, deferrals: 0 };
    for (let count = 0; count < 20; count++) tries = countTry(tries, true);
    expect(tries).toEqual({ attempts: 1, deferrals: 20 });
    expect(countTry(tries, true)).toEqual({ attempts: 2, deferrals: 20 });
  });

  it('is told from one that does not', () => {
    expect(countTry({ attempts: 1, deferrals: 3 }, false)).toEqual({ attempts: 2, deferrals: 3 });
  });
});

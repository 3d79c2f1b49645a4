import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

/** Jobs in hand after so many messages, one every so many milliseconds. */
function after(messages: number, everyMs: number, pace = new Pace(10), from = 0): number {
  let jobs = 0;
  for (let one = 1; one <= messages; one += 1) jobs = pace.done(from + one * everyMs);
  return jobs;
}

it('is as many as there are connections where messages take long', () => {
  expect(after(100, 1_000)).toBe(10);
});

it('is more by what goes in a tenth of a second where they are quick, within a bound', () => {
  expect(after(100, 10)).toBeGreaterThanOrEqual(18);
  expect(after(100, 10)).toBeLessThanOrEqual(20);
  expect(after(10_000, 0.1)).toBe(50);
});

it('is that few again as soon as they take long', () => {
  const pace = new Pace(10);
  after(10_000, 0.1, pace);
  expect(after(1, 2_000, pace, 1_000)).toBe(10);
});

import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onceAnOutage } from './once-an-outage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells an outage of whatever length once, and the next one again', () => {
  const logger = new Logger();
  const warn = vi.spyOn(logger, 'warn').mockReturnValue();
  const tell = onceAnOutage(logger);
  for (let second = 0; second < 3_600; second += 1) {
    tell(new Error('connect ECONNREFUSED'));
    vi.advanceTimersByTime(1_000);
  }
  expect(warn.mock.calls).toEqual([['Queue: connect ECONNREFUSED']]);
  vi.advanceTimersByTime(61_000);
  tell(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }));
  expect(warn.mock.lastCall).toEqual(['Queue: ECONNREFUSED']);
  expect(warn).toHaveBeenCalledTimes(2);
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { within } from './within.ts';

describe('work with a deadline', () => {
  const unhandled = vi.fn<() => void>();

  beforeEach(() => {
    vi.useFakeTimers();
    process.on('unhandledRejection', unhandled);
  });
  afterEach(() => {
    vi.useRealTimers();
    process.off('unhandledRejection', unhandled);
  });

  it('comes to what it comes to', async () => {
    expect(await within(10, Promise.resolve('done'))).toBe('done');
    await expect(within(10, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is given up when the time is over, and what it says after that disturbs nobody', async () => {
    const work = Promise.withResolvers<string>();
    const answer = within(10, work.promise).catch(String);
    await vi.runAllTimersAsync();
    expect(await answer).toBe('Error: No answer within 10 ms.');
    work.reject(new Error('too late'));
    vi.useRealTimers();
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

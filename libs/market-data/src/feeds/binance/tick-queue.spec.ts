import { describe, expect, it, vi } from 'vitest';
import type { Tick } from '../price-feed.ts';
import { TickQueue } from './tick-queue.ts';

const RETRY = { firstMs: 1, baseMs: 1, capMs: 2 };
const ticks = (from: number, to: number): Tick[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ id: from + index }) as Tick);

describe('The queue in front of the sink', () => {
  it('hands over what one turn brings as one batch, in order', async () => {
    const batches: number[][] = [];
    const queue = new TickQueue(
      async (batch) => void batches.push(batch.map(({ id }) => id)),
      RETRY,
      () => {},
    );
    queue.add(ticks(1, 2));
    queue.add(ticks(3, 3));
    await queue.drained();
    expect(batches).toEqual([[1, 2, 3]]);
    expect(queue.size).toBe(0);
  });

  it('calls the sink once at a time, with at most a thousand ticks', async () => {
    const sizes: number[] = [];
    let calls = 0;
    let most = 0;
    const queue = new TickQueue(
      async (batch) => {
        most = Math.max(most, ++calls);
        await Promise.resolve();
        sizes.push(batch.length);
        calls -= 1;
      },
      RETRY,
      () => {},
    );
    queue.add(ticks(1, 2_500));
    await queue.drained();
    expect([sizes, most]).toEqual([[1000, 1000, 500], 1]);
  });

  it('offers a batch again until it is taken, and nothing else before', async () => {
    const offered: number[][] = [];
    const failures: number[] = [];
    const queue = new TickQueue(
      async (batch) => {
        if (offered.length === 0) queue.add(ticks(3, 3));
        offered.push(batch.map(({ id }) => id));
        if (offered.length < 3) throw new Error('database away');
      },
      RETRY,
      (_, inARow) => failures.push(inARow),
    );
    queue.add(ticks(1, 2));
    await queue.drained();
    await queue.drained();
    expect(offered).toEqual([[1, 2], [1, 2], [1, 2], [3]]);
    expect(failures).toEqual([1, 2]);
  });

  it('waits for the call under way when it is stopped, and makes no other', async () => {
    const taken: number[] = [];
    const gate = Promise.withResolvers<void>();
    const queue = new TickQueue(
      async (batch) => {
        await gate.promise;
        taken.push(...batch.map(({ id }) => id));
      },
      RETRY,
      () => {},
    );
    queue.add(ticks(1, 1_001));
    const drained = queue.drained();
    await Promise.resolve();
    const stopped = queue.stop();
    gate.resolve();
    await Promise.all([stopped, drained]);
    queue.add(ticks(2_000, 2_000));
    await queue.drained();
    expect(taken).toHaveLength(1000);
  });

  it('does not wait out a retry when it is stopped', async () => {
    const refuse = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('database away')));
    const queue = new TickQueue(refuse, { firstMs: 1e9, baseMs: 1e9, capMs: 1e9 }, () => {});
    queue.add(ticks(1, 1));
    await vi.waitFor(() => expect(refuse).toHaveBeenCalled());
    await queue.stop();
    expect(refuse).toHaveBeenCalledTimes(1);
  });
});

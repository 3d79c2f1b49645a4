import { expect, it, vi } from 'vitest';
import { Gather } from './gather.ts';

const doubled = () =>
  vi.fn<(numbers: readonly number[]) => Promise<number[]>>((numbers) =>
    Promise.resolve(numbers.map((one) => 2 * one)),
  );

it('answers what is asked in the same turn together, to each its own', async () => {
  const answer = doubled();
  const gather = new Gather(answer, 10);
  expect(await Promise.all([1, 2, 3].map((one) => gather.ask(one)))).toEqual([2, 4, 6]);
  expect(answer.mock.calls).toEqual([[[1, 2, 3]]]);
});

it('answers one batch at a time, and what was asked meanwhile in the next one', async () => {
  const first = Promise.withResolvers<number[]>();
  const answer = doubled().mockReturnValueOnce(first.promise);
  const gather = new Gather(answer, 10);
  const one = gather.ask(1);
  await vi.waitFor(() => expect(answer).toHaveBeenCalledOnce());
  const others = [gather.ask(2), gather.ask(3)];
  await new Promise(setImmediate);
  expect(answer).toHaveBeenCalledOnce();
  first.resolve([2]);
  expect(await Promise.all([one, ...others])).toEqual([2, 4, 6]);
  expect(answer.mock.calls[1]).toEqual([[2, 3]]);
});

it('keeps a batch within its bound', async () => {
  const answer = doubled();
  const gather = new Gather(answer, 2);
  await Promise.all([1, 2, 3, 4, 5].map((one) => gather.ask(one)));
  expect(answer.mock.calls).toEqual([[[1, 2]], [[3, 4]], [[5]]]);
});

it('tells everybody of a batch that it failed, and goes on', async () => {
  const answer = doubled().mockRejectedValueOnce(new Error('away'));
  const gather = new Gather(answer, 2);
  const results = await Promise.allSettled([1, 2, 3].map((one) => gather.ask(one)));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await gather.ask(4)).toBe(8);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { newId } from '#kernel';
import { Config } from '#platform/config';
import { LockSession } from './lock-session.ts';

let deliveries: Deliveries;

beforeAll(async () => {
  deliveries = await Deliveries.start();
});
afterAll(() => deliveries.close());

it('is not lost by a process that stood still for longer than it waits for an answer', async () => {
  const session = await LockSession.open(deliveries.app.get(Config).databaseUrl ?? '', 200);
  const confirmed = session.confirms(newId(), 1);
  // Asked, and the answer arrives while nothing here moves.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  expect(await confirmed).toBe(false);
  expect(session.broken.aborted).toBe(false);
  session.retire();
  await session.ended;
});

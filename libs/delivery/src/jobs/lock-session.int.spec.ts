import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { newId } from '#kernel';
import { Config } from '#platform/config';
import { livenessClass } from '../features/liveness.ts';
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

it('ends no process when it is cut as soon as it has its lock', async () => {
  const holder = await deliveries.session();
  const { rows } = await holder.query<{ id: number }>(
    `select nextval('delivery.worker_ids')::integer + 1 as id`,
  );
  const lock = [livenessClass, rows[0]?.id];
  await holder.query('select pg_advisory_lock($1, $2)', lock);
  const opening = LockSession.open(deliveries.app.get(Config).databaseUrl ?? '');
  await deliveries.waiting(1);
  const { pid } = await deliveries.database.one<{ pid: number }>`
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  const cut = holder.query('select pg_advisory_unlock($1, $2), pg_sleep(0.2), pg_terminate_backend($3)', [
    ...lock,
    pid,
  ]);
  // Asked, and both answers arrive together while nothing here moves.
  await new Promise(setImmediate);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
  const session = await opening;
  await cut;
  await session.ended;
  expect(session.broken.aborted).toBe(true);
});

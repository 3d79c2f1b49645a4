import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, refused } from '../../../../test/support/fake-channel.ts';
import { retriesOf } from '../domain/backoff.ts';

describe('sweeping the claims of workers that are gone', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  /** A claim whose worker never says another word, and the id of that worker. */
  async function claimed() {
    const { notificationId, ids } = await deliveries.request();
    const id = ids[0] ?? '';
    const workerId = await deliveries.lock().hold(async (session) => {
      await deliveries.claim(id, 1, session.workerId);
      return session.workerId;
    });
    return { notificationId, id, workerId };
  }
  const now = { handedOverAt: new Date(), settledAt: new Date() };

  it('leaves a holder alone that holds its lock, however long', async () => {
    const { id } = await claimed();
    await deliveries.database.sql`
      update delivery.deliveries set claimed_at = now() - interval '1 day' where id = ${id}`;
    expect(await deliveries.sweeper.sweep()).toBe(0);
    expect(await deliveries.row(id)).toMatchObject({ status: 'sending' });
  });

  it('makes a lost claim retrying and tainted, due at once; never pending', async () => {
    const { notificationId, id, workerId } = await claimed();
    await deliveries.cutLock(workerId);
    expect(await deliveries.sweeper.sweep()).toBe(1);
    expect(await deliveries.row(id)).toMatchObject({
      status: 'retrying',
      reason: 'worker-lost',
      tainted: true,
      due: true,
      version: 3,
      worker_id: null,
    });
    const { items } = await deliveries.list(notificationId);
    expect(items[0]?.attempts).toMatchObject([{ outcome: 'ambiguous', code: 'worker-lost' }]);
    expect(await deliveries.published(notificationId)).toEqual({ retrying: 1 });
  });

  it('makes it unknown under a deleted source, also when the deletion is under way', async () => {
    const { notificationId, id, workerId } = await claimed();
    await deliveries.cutLock(workerId);
    const commit = await deliveries.beginDeletion({ type: 'notification', id: notificationId });
    const sweeping = deliveries.sweeper.sweep();
    await deliveries.waiting(1);
    await commit();
    expect(await sweeping).toBe(1);
    expect(await deliveries.row(id)).toMatchObject({ status: 'unknown', tainted: true });
  });

  it('gives up on a message that outlives no worker', async () => {
    const { id, workerId } = await claimed();
    await deliveries.database.sql`
      update delivery.deliveries set attempts = ${retriesOf('email').maxAttempts - 1} where id = ${id}`;
    await deliveries.cutLock(workerId);
    await deliveries.sweeper.sweep();
    expect(await deliveries.row(id)).toMatchObject({ status: 'unknown', reason: 'worker-lost' });
  });

  it('believes a late acceptance as long as nobody claimed anew, and no late refusal', async () => {
    const [refusedLate, acceptedLate] = [await claimed(), await claimed()];
    for (const { workerId } of [refusedLate, acceptedLate]) await deliveries.cutLock(workerId);
    await deliveries.sweeper.sweep();
    expect(await deliveries.settle(refusedLate.id, 1, { ...refused, ...now })).toBeNull();
    expect(await deliveries.row(refusedLate.id)).toMatchObject({ status: 'retrying' });
    expect(await deliveries.settle(acceptedLate.id, 1, { ...accepted, ...now })).toBe('sent');
    expect(await deliveries.published(acceptedLate.notificationId)).toEqual({ sent: 1 });
  });

  it('gives a late outcome no say once somebody claimed anew', async () => {
    const { id, workerId } = await claimed();
    await deliveries.cutLock(workerId);
    await deliveries.sweeper.sweep();
    await deliveries.lock().hold((session) => deliveries.claim(id, 3, session.workerId));
    expect(await deliveries.settle(id, 1, { ...accepted, ...now })).toBeNull();
    expect(await deliveries.row(id)).toMatchObject({ status: 'sending', claim_token: 2 });
  });

  it('tells two attempts of one delivery apart that end in one batch', async () => {
    const { id, workerId } = await claimed();
    await deliveries.cutLock(workerId);
    await deliveries.sweeper.sweep();
    await deliveries.lock().hold((session) => deliveries.claim(id, 3, session.workerId));
    const states = await deliveries.attempts.settle([
      { deliveryId: id, token: 2, attempted: { ...accepted, ...now } },
      { deliveryId: id, token: 1, attempted: { ...refused, ...now } },
    ]);
    expect(states).toEqual(['sent', null]);
    expect(await deliveries.row(id)).toMatchObject({ status: 'sent' });
  });

  it('gives a claim that two ids want to the one that the row names', async () => {
    const { ids } = await deliveries.request();
    const [deliveryId = ''] = ids;
    const wanted = { deliveryId, provider: 'fake' };
    const [outdated, current, early] = await deliveries.claims.claim([
      { ...wanted, version: 0, workerId: 1 },
      { ...wanted, version: 1, workerId: 2 },
      { ...wanted, version: 2, workerId: 3 },
    ]);
    expect([outdated, current?.deliveryId, early]).toEqual([null, deliveryId, null]);
    expect(await deliveries.row(deliveryId)).toMatchObject({ worker_id: 2 });
  });
});

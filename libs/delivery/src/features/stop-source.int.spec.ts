import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { refused } from '../../../../test/support/fake-channel.ts';

/** Two sessions, one of them stalled half-way: what only a lock, not luck, puts in order. */
describe('deleting a source', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  const claim = (id: string, version = 1) => deliveries.claim(id, version, 1_000_000);
  const attempted = { ...refused, handedOverAt: new Date(), settledAt: new Date() };

  /** Locks a table until the returned function is called. */
  async function stall(table: string): Promise<() => Promise<unknown>> {
    const session = await deliveries.session();
    await session.query('begin');
    await session.query(`lock table delivery.${table} in access exclusive mode`);
    return () => session.query('commit');
  }

  /** Deletes by hand, up to but not including the commit. */

  it('cancels what is pending and makes what is retrying unknown', async () => {
    const { notificationId, ids } = await deliveries.request(2);
    const [retrying = '', pending = ''] = ids;
    const { token = 0 } = (await claim(retrying)) ?? {};
    await deliveries.settle(retrying, token, { ...attempted, kind: 'ambiguous' });
    await deliveries.stop({ type: 'notification', id: notificationId });
    expect(await deliveries.row(pending)).toMatchObject({ status: 'cancelled', reason: 'source-deleted' });
    expect(await deliveries.row(retrying)).toMatchObject({ status: 'unknown', reason: 'source-deleted' });
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 1, unknown: 1 });
  });

  it('works by the alert as well, and twice', async () => {
    const { alertId, ids } = await deliveries.request();
    await deliveries.stop({ type: 'alert', id: alertId });
    await deliveries.stop({ type: 'alert', id: alertId });
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'cancelled' });
  });

  it('works by the account as well, also for what is requested later', async () => {
    const accountId = newId();
    const { ids } = await deliveries.request(1, newId(), newId(), accountId);
    const { ids: others } = await deliveries.request(1, newId(), newId(), newId());
    await deliveries.stop({ type: 'account', id: accountId });
    const { ids: late } = await deliveries.request(1, newId(), newId(), accountId);
    for (const id of [...ids, ...late]) {
      expect(await deliveries.row(id)).toMatchObject({ status: 'cancelled', reason: 'source-deleted' });
    }
    expect(await deliveries.row(others[0] ?? '')).toMatchObject({ status: 'pending' });
  });

  it('leaves other sources alone', async () => {
    const { ids } = await deliveries.request();
    await deliveries.stop({ type: 'notification', id: newId() });
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'pending' });
  });

  it('undoes itself when the deleting transaction is rolled back', async () => {
    const { notificationId, ids } = await deliveries.request();
    const rolledBack = deliveries.database.transaction(async () => {
      await deliveries.stop({ type: 'notification', id: notificationId });
      throw new Error('already sent');
    });
    await expect(rolledBack).rejects.toThrow('already sent');
    expect(await claim(ids[0] ?? '')).not.toBeNull();
  });

  it('lets no claim pass that began before it was committed', async () => {
    const { notificationId, ids } = await deliveries.request();
    const commit = await deliveries.beginDeletion({ type: 'notification', id: notificationId });
    const claiming = claim(ids[0] ?? '');
    await deliveries.waiting(1);
    await commit();
    expect(await claiming).toBeNull();
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'cancelled', claim_token: 0 });
  });

  it('waits for a claim under way and then knows of it', async () => {
    const { notificationId, ids } = await deliveries.request();
    const source = { type: 'notification', id: notificationId } as const;
    const release = await stall('messages');
    const claiming = claim(ids[0] ?? '');
    await deliveries.waiting(1);
    const deleting = deliveries.stop(source);
    await deliveries.waiting(2);
    await release();
    expect(await claiming).not.toBeNull();
    await deleting;
    const [attempt] = (await deliveries.list(notificationId)).items[0]?.attempts ?? [];
    expect(await deliveries.state(source)).toMatchObject({
      counts: { sending: 1, cancelled: 0 },
      inFlight: [attempt?.id],
    });
  });

  it('lets no claim pass that comes while it waits for another one', async () => {
    const { notificationId, ids } = await deliveries.request(2);
    const [first = '', second = ''] = ids;
    const release = await stall('messages');
    const claiming = claim(first);
    await deliveries.waiting(1);
    const deleting = deliveries.stop({ type: 'notification', id: notificationId });
    await deliveries.waiting(2);
    const late = claim(second);
    await deliveries.waiting(3);
    await release();
    expect(await claiming).not.toBeNull();
    await deleting;
    expect(await late).toBeNull();
    expect(await deliveries.row(second)).toMatchObject({ status: 'cancelled', claim_token: 0 });
  });

  it('waits for an outcome under way and then cancels what came back', async () => {
    const { notificationId, ids } = await deliveries.request();
    const { token = 0 } = (await claim(ids[0] ?? '')) ?? {};
    const release = await stall('attempts');
    const settling = deliveries.settle(ids[0] ?? '', token, attempted);
    await deliveries.waiting(1);
    const deleting = deliveries.stop({ type: 'notification', id: notificationId });
    await deliveries.waiting(2);
    await release();
    expect(await settling).toBe('pending');
    await deleting;
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'cancelled' });
  });

  it('is seen by an outcome that waited for it', async () => {
    const { notificationId, ids } = await deliveries.request();
    const { token = 0 } = (await claim(ids[0] ?? '')) ?? {};
    const commit = await deliveries.beginDeletion({ type: 'notification', id: notificationId });
    const settling = deliveries.settle(ids[0] ?? '', token, attempted);
    await deliveries.waiting(1);
    await commit();
    expect(await settling).toBe('cancelled');
  });

  it('waits for a fan-out under way and then cancels its rows', async () => {
    const { notificationId } = await deliveries.request(1);
    const release = await stall('messages');
    const requesting = deliveries.request(3, notificationId);
    await deliveries.waiting(1);
    const deleting = deliveries.stop({ type: 'notification', id: notificationId });
    await deliveries.waiting(2);
    await release();
    await Promise.all([requesting, deleting]);
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 4 });
  });

  it('is seen by a fan-out that waited for it, whose rows are born cancelled', async () => {
    const { notificationId } = await deliveries.request();
    const commit = await deliveries.beginDeletion({ type: 'notification', id: notificationId });
    const requesting = deliveries.request(2, notificationId);
    await deliveries.waiting(1);
    await commit();
    await requesting;
    expect((await deliveries.state({ type: 'notification', id: notificationId })).counts).toMatchObject({
      pending: 0,
      cancelled: 3,
    });
  });

  it('has a finaliser for whatever is left unfinished under a deleted source', async () => {
    const { notificationId, ids } = await deliveries.request();
    await (
      await deliveries.beginDeletion({ type: 'notification', id: notificationId })
    )();
    await deliveries.finalise();
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'cancelled' });
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 1 });
  });
});

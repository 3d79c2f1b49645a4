import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { failed, FakeChannel } from '../../../../test/support/fake-channel.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { RetryDelivery } from './retry-delivery.ts';

/** Retry and deletion at the same moment, one of them stalled half-way: nothing is sent after the deletion. */
describe('sending a failed delivery again', () => {
  const outsideOfTransactions = AsyncLocalStorage.snapshot();
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  const retry = (id: string) => deliveries.execute(new RetryDelivery(id, false));
  /** A failed delivery of a notification about an alert. */
  async function given() {
    const { notificationId, alertId, ids } = await deliveries.request();
    const id = ids[0] ?? '';
    expect(await deliveries.worker(new FakeChannel(() => failed)).process(jobOf(id))).toBe('failed');
    return { notificationId, alertId, id };
  }

  it.each(['notification', 'alert'] as const)(
    'waits for the deletion of its %s, and is then refused',
    async (type) => {
      const { notificationId, alertId, id } = await given();
      const source = { type, id: type === 'alert' ? alertId : notificationId } as const;
      const { retrying } = await deliveries.database.transaction(async () => {
        await deliveries.stop(source);
        const answer = outsideOfTransactions(() => retry(id)).catch((error: unknown) => error);
        await outsideOfTransactions(() => deliveries.waiting(1));
        return { retrying: answer };
      });
      expect(await retrying).toMatchObject({ code: 'delivery.source-deleted' });
      expect((await deliveries.list(notificationId)).total).toBe(1);
    },
  );

  it('is waited for by the deletion of its notification, which then cancels it', async () => {
    const { notificationId, id } = await given();
    const source = { type: 'notification', id: notificationId } as const;
    const { again, deleting } = await deliveries.database.transaction(async () => {
      const made = await retry(id);
      const stopping = outsideOfTransactions(() => deliveries.stop(source));
      await outsideOfTransactions(() => deliveries.waiting(1));
      return { again: made, deleting: stopping };
    });
    await deleting;
    expect(await deliveries.row(again)).toMatchObject({ status: 'cancelled', claim_token: 0 });
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 1 });
    expect((await deliveries.state(source)).counts).toMatchObject({ cancelled: 1, failed: 0 });
  });

  it('is one delivery more when two ask for it at the same moment', async () => {
    const { notificationId, id } = await given();
    const { second } = await deliveries.database.transaction(async () => {
      await retry(id);
      const other = outsideOfTransactions(() => retry(id)).catch((error: unknown) => error);
      await outsideOfTransactions(() => deliveries.waiting(1));
      return { second: other };
    });
    expect(await second).toMatchObject({ code: 'delivery.already-retried' });
    expect(await deliveries.published(notificationId)).toEqual({ pending: 1 });
  });
});

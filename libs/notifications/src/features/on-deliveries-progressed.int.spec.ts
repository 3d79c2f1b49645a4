import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { DeliveriesProgressed, type DeliveryTransition } from '#libs/delivery/contracts';
import type { Principal } from '#platform/http';
import { Outbox, Relay } from '#platform/messaging';
import { counts } from '../../../../test/support/notifications-outside.ts';
import { type NotificationsBench, startNotifications } from '../../../../test/support/notifications.ts';

let bench: NotificationsBench;
let operator: Principal;

beforeAll(async () => {
  bench = await startNotifications(inject('postgresUrl'));
  operator = bench.outside.person('operator');
});
afterAll(() => bench.close());

async function sent(to: number): Promise<string> {
  const recipients = Array.from({ length: to }, (_, index) => ({
    channel: 'email',
    to: `r${index}@example.org`,
  }));
  const body = { subject: 'Bitcoin today', message: 'Hello', recipients };
  const id = String((await bench.call(operator, 'POST', '/v1/notifications', body)).body['id']);
  expect((await bench.call(operator, 'POST', `/v1/notifications/${id}/send`)).status).toBe(202);
  return id;
}
const get = async (id: string) => (await bench.call(operator, 'GET', `/v1/notifications/${id}`)).body;
const event = (...transitions: DeliveryTransition[]) => new DeliveriesProgressed({ transitions });
async function relay(events: DeliveriesProgressed[]): Promise<void> {
  await bench.database.transaction(() => bench.app.get(Outbox).append(events));
  await bench.app.get(Relay).drain();
}

describe('Progress of deliveries', () => {
  it('is told step by step, and is no edit', async () => {
    const id = await sent(2);
    const step = async (from: DeliveryTransition['from'], to: DeliveryTransition['to'], count: number) => {
      await relay([event({ notificationId: id, from, to, count })]);
      return get(id);
    };
    expect(await step(null, 'pending', 2)).toMatchObject({
      status: 'pending',
      deliveries: counts({ pending: 2 }),
    });
    expect(await step('pending', 'sending', 1)).toMatchObject({ status: 'sending' });
    expect(await step('sending', 'sent', 1)).toMatchObject({
      status: 'sending',
      deliveries: counts({ pending: 1, sent: 1 }),
    });
    expect(await step('pending', 'failed', 1)).toMatchObject({
      status: 'partially_sent',
      version: 1,
      deliveries: counts({ sent: 1, failed: 1 }),
    });
  });

  it('comes to the same end when told backwards, never showing less than nothing', async () => {
    const id = await sent(2);
    const transitions: Omit<DeliveryTransition, 'notificationId'>[] = [
      { from: 'sending', to: 'sent', count: 2 },
      { from: 'pending', to: 'sending', count: 2 },
    ];
    await relay([event(...transitions.map((transition) => ({ notificationId: id, ...transition })))]);
    expect(await get(id)).toMatchObject({ status: 'sent', deliveries: counts({ sent: 2 }) });
    await relay([event({ notificationId: id, from: null, to: 'pending', count: 2 })]);
    expect(await get(id)).toMatchObject({ status: 'sent', deliveries: counts({ sent: 2 }) });
  });

  it('of many notifications is told at once, and of unknown ones not at all', async () => {
    const ids = [await sent(1), await sent(1)];
    const all = [...ids, newId()];
    const created = all.map(
      (notificationId) => ({ notificationId, from: null, to: 'pending', count: 1 }) as const,
    );
    await relay([event(...created)]);
    for (const id of ids) expect(await get(id)).toMatchObject({ deliveries: counts({ pending: 1 }) });
  });

  it('adds up when many events are relayed at the same time', async () => {
    const ids = [await sent(60), await sent(60)];
    const events = Array.from({ length: 60 }, (_, index) => {
      const both = ids.map(
        (notificationId) => ({ notificationId, from: null, to: 'sent', count: 1 }) as const,
      );
      // Half of them name the two in the other order, as two senders would.
      return event(...(index % 2 ? both : both.toReversed()));
    });
    await relay(events);
    for (const id of ids) {
      expect(await get(id)).toMatchObject({ status: 'sent', deliveries: counts({ sent: 60 }) });
    }
  });
});

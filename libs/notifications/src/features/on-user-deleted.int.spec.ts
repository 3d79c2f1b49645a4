import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type DomainEvent, newId } from '#kernel';
import { AlertsTriggered, type FiredAlert } from '#libs/alerts/contracts';
import { DeliveriesProgressed, type DeliveryState } from '#libs/delivery/contracts';
import { UserDeleted } from '#libs/identity/contracts';
import type { Principal } from '#platform/http';
import { InTransactionPublisher, Outbox, Relay } from '#platform/messaging';
import { counts } from '../../../../test/support/notifications-outside.ts';
import { type NotificationsBench, startNotifications } from '../../../../test/support/notifications.ts';

let bench: NotificationsBench;
let owner: Principal;
let colleague: Principal;

beforeAll(async () => {
  bench = await startNotifications(inject('postgresUrl'));
});
afterAll(() => bench.close());
beforeEach(() => {
  owner = bench.outside.person('operator');
  colleague = bench.outside.person('operator');
});

async function draft(by: Principal): Promise<string> {
  const recipients = [{ channel: 'email', to: 'bob@example.org' }];
  const body = { subject: 'Bitcoin today', message: 'Hello', recipients };
  return String((await bench.call(by, 'POST', '/v1/notifications', body)).body['id']);
}
async function sent(by: Principal, ...states: DeliveryState[]): Promise<string> {
  const id = await draft(by);
  await bench.call(by, 'POST', `/v1/notifications/${id}/send`);
  for (const [index, to] of states.entries()) await progress(id, states[index - 1] ?? null, to);
  return id;
}
const record = (...events: DomainEvent[]) =>
  bench.database.transaction(() => bench.app.get(Outbox).append(events));
const relay = () => bench.app.get(Relay).drain();
async function progress(id: string, from: DeliveryState | null, to: DeliveryState): Promise<void> {
  await record(new DeliveriesProgressed({ transitions: [{ notificationId: id, from, to, count: 1 }] }));
  await relay();
}
/** As identity does it: its row is gone by then. */
const deleteAccount = ({ userId }: Principal) =>
  bench.database.transaction(() => {
    const { contacts } = bench.outside;
    contacts.splice(0, contacts.length, ...contacts.filter((contact) => contact.userId !== userId));
    return bench.app
      .get(InTransactionPublisher)
      .publish(new UserDeleted({ userId, email: 'person@example.org' }));
  });
const read = async (id: string) => (await bench.call(colleague, 'GET', `/v1/notifications/${id}`)).body;
const idsOf = ({ userId }: Principal) =>
  bench.database.sql`select id from notifications.notifications where owner_id = ${userId}`;

describe('Notifications of a deleted account', () => {
  it('are deleted at once where somebody could still send them or be sent them', async () => {
    const [unsent, owed, sending] = [
      await draft(owner),
      await sent(owner),
      await sent(owner, 'pending', 'sending'),
    ];
    const over = await sent(owner, 'pending', 'sending', 'sent');
    await deleteAccount(owner);
    expect(await read(unsent)).toMatchObject({ status: 'deleted', deletion: { outcome: 'cancelled' } });
    for (const id of [owed, sending])
      expect(await read(id)).toMatchObject({ status: 'deleted', deletion: { outcome: 'pending' } });
    expect(await read(over)).toMatchObject({ status: 'sent', deletion: null });
    expect(await bench.call(colleague, 'POST', `/v1/notifications/${unsent}/send`)).toMatchObject({
      status: 409,
    });
  });

  it('are told the outcome as long as they are there', async () => {
    const id = await sent(owner, 'pending');
    await deleteAccount(owner);
    bench.outside.stateIs(id, { counts: counts({ cancelled: 1 }) });
    await record(
      new DeliveriesProgressed({
        transitions: [{ notificationId: id, from: 'pending', to: 'cancelled', count: 1 }],
      }),
    );
    const [erasure] = await bench.database.sql<{ id: string }>`
      update platform.outbox set due_at = now() + interval '1 hour'
      where type = 'notifications.notifications-erasure-due.v1' and published_at is null returning id`;
    await relay();
    expect(await read(id)).toMatchObject({
      deletion: { outcome: 'cancelled' },
      deliveries: counts({ cancelled: 1 }),
    });
    await bench.database.sql`update platform.outbox set due_at = now() where id = ${erasure?.id}`;
    await relay();
    expect(await idsOf(owner)).toEqual([]);
  });

  it('are erased soon after, whatever became of them, a thousand at a time; progress that comes later changes nothing', async () => {
    const [open, other] = [await sent(owner, 'pending', 'sending'), await sent(colleague, 'pending')];
    await sent(owner, 'pending', 'sending', 'sent');
    await bench.database.sql`
      insert into notifications.notifications (id, kind, owner_id, subject, message, line_items, recipients, firings,
        status, version, created_at, requested, counts)
      select gen_random_uuid(), kind, owner_id, subject, message, line_items, recipients, firings, 'sent', 1, now(), 1,
        counts from notifications.notifications, generate_series(1, 2500) where id = ${open}`;
    await deleteAccount(owner);
    let events = 0;
    for (let taken = 1; taken > 0; events += taken) taken = await relay();
    expect(events).toBe(3);
    expect(await idsOf(owner)).toEqual([]);
    await progress(open, 'sending', 'sent');
    expect(await idsOf(owner)).toEqual([]);
    expect(await read(other)).toMatchObject({ status: 'pending' });
  });

  it('are not made any more, be it of a request that was let in before or of a firing that is told of late', async () => {
    await deleteAccount(owner);
    const body = { subject: 'Bitcoin today', message: 'Hello' };
    expect(await bench.call(owner, 'POST', '/v1/notifications', body)).toMatchObject({
      status: 401,
      body: { code: 'identity.session-ended' },
    });
    const fired: FiredAlert = {
      alertId: newId(),
      userId: owner.userId,
      symbol: 'BTC-USD',
      target: '33000',
      direction: 'up',
      price: '33000.52',
      tradeId: 1,
      tradedAt: '2026-11-21T10:15:30.123Z',
      note: null,
    };
    await record(new AlertsTriggered({ alerts: [fired] }));
    await relay();
    expect(await idsOf(owner)).toEqual([]);
  });
});

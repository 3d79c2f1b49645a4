import { AsyncLocalStorage } from 'node:async_hooks';
import { QueryBus } from '@nestjs/cqrs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type DomainEvent, newId } from '#kernel';
import { AlertDeleted, AlertsTriggered, type FiredAlert } from '#libs/alerts/contracts';
import { DeliveriesProgressed } from '#libs/delivery/contracts';
import { FindNotificationsOfAlert, type RequestedDelivery } from '../contracts/index.ts';
import type { Principal } from '#platform/http';
import { InTransactionPublisher, Outbox, Relay } from '#platform/messaging';
import { counts } from '../../../../test/support/notifications-outside.ts';
import { type NotificationsBench, startNotifications } from '../../../../test/support/notifications.ts';
import { OnAlertsTriggered } from './on-alerts-triggered.ts';
import { sessionOf } from '../../../../test/support/principal.ts';

let bench: NotificationsBench;
/** Runs something as if by another request, also when called inside a transaction. */
const outsideOfTransactions = AsyncLocalStorage.snapshot();

beforeAll(async () => {
  bench = await startNotifications(inject('postgresUrl'));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => bench.close());

const fired = (owner: Principal, tradeId = 1): FiredAlert => ({
  alertId: newId(),
  userId: owner.userId,
  symbol: 'BTC-USD',
  target: '33000',
  direction: 'up',
  price: '33000.52',
  tradeId,
  tradedAt: '2026-11-21T10:15:30.123Z',
  note: 'sell?',
});
async function relay(event: DomainEvent): Promise<void> {
  await bench.database.transaction(() => bench.app.get(Outbox).append([event]));
  await bench.app.get(Relay).drain();
}
const trigger = (...alerts: FiredAlert[]) => relay(new AlertsTriggered({ alerts }));
const deleteAlert = ({ alertId, userId }: FiredAlert) =>
  bench.database.transaction(() =>
    bench.app.get(InTransactionPublisher).publish(new AlertDeleted({ alertId, userId })),
  );
async function notificationsOf(principal: Principal, alertId?: string) {
  const query = alertId ? `?alertId=${alertId}` : '?per_page=100';
  const { body } = await bench.call(principal, 'GET', `/v1/notifications${query}`);
  return body['items'] as { id: string; status: string; deletion: { outcome: string } | null }[];
}
async function waitingForLocks(): Promise<number> {
  const { waiting } = await bench.database.one<{ waiting: number }>`
    select count(*) as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  return waiting;
}
async function requested(): Promise<RequestedDelivery[][]> {
  const rows = await bench.database.sql<{ payload: { deliveries: RequestedDelivery[] } }>`
    select payload from platform.outbox where type = 'notifications.deliveries-requested.v1' order by id`;
  return rows.map(({ payload }) => payload.deliveries);
}

describe('A fired alert', () => {
  it("becomes a notification of its owner and a mail with the receipt to the owner's address", async () => {
    const owner = bench.outside.person('user');
    const alert = fired(owner, 4711);
    await trigger(alert);
    const [notification, ...others] = await notificationsOf(owner, alert.alertId);
    expect(others).toEqual([]);
    expect(notification).toMatchObject({
      kind: 'alert',
      status: 'pending',
      subject: 'BTC-USD reached 33,000',
      recipients: [{ channel: 'email', to: `${owner.userId}@example.org` }],
      alertIds: [alert.alertId],
      deliveries: counts({}),
    });
    const [delivery, ...rest] = (await requested()).at(-1) ?? [];
    expect(rest).toEqual([]);
    expect(delivery).toMatchObject({
      notificationId: notification?.id,
      alertIds: [alert.alertId],
      accountId: owner.userId,
      subject: 'BTC-USD reached 33,000',
      recipients: [{ channel: 'email', to: `${owner.userId}@example.org` }],
    });
    for (const part of [delivery?.text, delivery?.html]) {
      expect(part).toContain('33,000.52');
      expect(part).toContain('4711');
      expect(part).toContain('https://tocsin.test/docs');
    }
  });

  it('is told to nobody whose address is unknown or not verified', async () => {
    const unverified = bench.outside.person('user', { emailVerified: false });
    const gone = sessionOf(newId());
    const before = (await requested()).length;
    await trigger(fired(unverified), fired(gone));
    expect(await notificationsOf(unverified)).toEqual([]);
    expect(await notificationsOf(gone)).toEqual([]);
    expect(await requested()).toHaveLength(before);
  });

  it('is seen by its owner only, operators included', async () => {
    const owner = bench.outside.person('user');
    const alert = fired(owner);
    await trigger(alert);
    const [notification] = await notificationsOf(owner, alert.alertId);
    const operator = bench.outside.person('operator');
    expect(await notificationsOf(operator, alert.alertId)).toEqual([]);
    expect((await bench.call(operator, 'GET', `/v1/notifications/${notification?.id}`)).status).toBe(404);
    expect((await bench.call(operator, 'DELETE', `/v1/notifications/${notification?.id}`)).status).toBe(404);
  });

  it('tells its alert which notification tells of which trade', async () => {
    const owner = bench.outside.person('user');
    const first = fired(owner, 9_007_199_254_740_991);
    await trigger(first);
    await trigger({ ...first, tradeId: 2 });
    const told = await bench.app.get(QueryBus).execute(new FindNotificationsOfAlert(first.alertId));
    expect(told).toEqual([
      { notificationId: expect.any(String), tradeId: 9_007_199_254_740_991 },
      { notificationId: expect.any(String), tradeId: 2 },
    ]);
  });
});

describe('A thousand fired alerts', () => {
  it('are a handful of statements and one event', async () => {
    const owners = Array.from({ length: 1000 }, () => bench.outside.person('user'));
    const alerts = owners.map((owner, index) => fired(owner, index));
    const events = (await requested()).length;
    const sql = vi.spyOn(bench.database, 'sql');
    await bench.database.transaction(() =>
      bench.app.get(OnAlertsTriggered).react(new AlertsTriggered({ alerts })),
    );
    expect(sql.mock.calls.length).toBeLessThanOrEqual(5);
    sql.mockRestore();

    const [deliveries, ...others] = (await requested()).slice(events);
    expect(others).toEqual([]);
    expect(deliveries?.map(({ alertIds }) => alertIds)).toEqual(alerts.map(({ alertId }) => [alertId]));
    expect(deliveries?.map(({ recipients }) => recipients[0]?.to)).toEqual(
      owners.map(({ userId }) => `${userId}@example.org`),
    );
    for (const index of [0, 999]) {
      const [owner, alert] = [owners[index], alerts[index]];
      expect(await notificationsOf(owner as Principal, alert?.alertId)).toHaveLength(1);
    }
  });
});

describe('Deleting an alert', () => {
  it('deletes what is still owed of it, and the next progress says with which outcome', async () => {
    const owner = bench.outside.person('user');
    const alerts = [fired(owner), fired(owner), fired(owner)];
    await trigger(...alerts);
    for (const alert of alerts) await deleteAlert(alert);
    const open = await notificationsOf(owner);
    expect(open).toHaveLength(3);
    for (const one of open)
      expect(one).toMatchObject({ status: 'deleted', deletion: { outcome: 'pending' } });

    const states = [{ cancelled: 1 }, { unknown: 1 }, { sending: 1 }];
    for (const [index, { id }] of open.entries())
      bench.outside.stateIs(id, { counts: counts(states[index] ?? {}) });
    const transitions = open.map(
      ({ id }) => ({ notificationId: id, from: null, to: 'pending', count: 1 }) as const,
    );
    await relay(new DeliveriesProgressed({ transitions }));
    expect((await notificationsOf(owner)).map(({ deletion }) => deletion?.outcome)).toEqual([
      'cancelled',
      'stopped',
      'pending',
    ]);
  });

  it('leaves alone what is over, and what tells of other alerts', async () => {
    const owner = bench.outside.person('user');
    const [over, other] = [fired(owner), fired(owner)];
    await trigger(over);
    const [{ id } = { id: '' }] = await notificationsOf(owner);
    const sent = { notificationId: id, from: null, to: 'sent', count: 1 } as const;
    await relay(new DeliveriesProgressed({ transitions: [sent] }));
    await trigger(other);
    await deleteAlert(over);
    expect(await notificationsOf(owner)).toMatchObject([
      { status: 'pending', deletion: null },
      { status: 'sent', deletion: null },
    ]);
  });

  it('before its firing is relayed leaves nothing to tell', async () => {
    const owner = bench.outside.person('user');
    const [alert, other] = [fired(owner), fired(owner)];
    await deleteAlert(alert);
    await trigger(alert, other);
    expect(await notificationsOf(owner)).toMatchObject([{ alertIds: [other.alertId] }]);
  });

  it.each([
    ['first', []],
    ['second', [1]],
  ])('waits for a transaction that tells of its %s firing, and finds what was told', async (_, before) => {
    const owner = bench.outside.person('user');
    const alert = fired(owner, 2);
    for (const tradeId of before) await trigger({ ...alert, tradeId });
    let deleting: Promise<void> | undefined;
    await bench.database.transaction(async () => {
      await bench.app.get(OnAlertsTriggered).react(new AlertsTriggered({ alerts: [alert] }));
      deleting = outsideOfTransactions(() => deleteAlert(alert));
      await expect.poll(() => outsideOfTransactions(waitingForLocks), { timeout: 10_000 }).toBeGreaterThan(0);
    });
    await deleting;
    const told = await notificationsOf(owner);
    expect(told).toHaveLength(before.length + 1);
    for (const one of told)
      expect(one).toMatchObject({ status: 'deleted', deletion: { outcome: 'pending' } });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { DeliveriesProgressed, type DeliveryTransition } from '#libs/delivery/contracts';
import type { Principal } from '#platform/http';
import { Outbox, Relay } from '#platform/messaging';
import { counts } from '../../../../test/support/notifications-outside.ts';
import { type NotificationsBench, startNotifications } from '../../../../test/support/notifications.ts';

let bench: NotificationsBench;
let operator: Principal;
let id: string;
const lastSentAt = new Date('2026-11-21T10:15:30Z');

beforeAll(async () => {
  bench = await startNotifications(inject('postgresUrl'));
});
afterAll(() => bench.close());

/** Every test starts with a notification to two people that was sent. */
beforeEach(async () => {
  operator = bench.outside.person('operator');
  id = await created();
  await bench.call(operator, 'POST', `/v1/notifications/${id}/send`);
});

async function created(): Promise<string> {
  const recipients = ['ada', 'bob'].map((name) => ({ channel: 'email', to: `${name}@example.org` }));
  const body = { subject: 'Bitcoin today', message: 'Hello', recipients };
  return String((await bench.call(operator, 'POST', '/v1/notifications', body)).body['id']);
}
const remove = (principal = operator, which = id) =>
  bench.call(principal, 'DELETE', `/v1/notifications/${which}`);
const get = async (which = id) => (await bench.call(operator, 'GET', `/v1/notifications/${which}`)).body;
async function progressed(...transitions: Omit<DeliveryTransition, 'notificationId'>[]): Promise<void> {
  const event = new DeliveriesProgressed({
    transitions: transitions.map((transition) => ({ notificationId: id, ...transition })),
  });
  await bench.database.transaction(() => bench.app.get(Outbox).append([event]));
  await bench.app.get(Relay).drain();
}

describe('DELETE /v1/notifications/{id}', () => {
  it('cancels a draft, which can still be read', async () => {
    const draft = await created();
    const answer = await remove(operator, draft);
    expect(answer).toMatchObject({
      status: 200,
      body: { id: draft, outcome: 'cancelled', deliveries: counts({}) },
    });
    const { deletion, status } = await get(draft);
    expect(status).toBe('deleted');
    expect(deletion).toEqual({ outcome: 'cancelled', at: expect.stringMatching(/Z$/) });
  });

  it('tells delivery before it asks what is left', async () => {
    bench.outside.stateIs(id, { counts: counts({ cancelled: 2 }) });
    expect(await remove()).toMatchObject({
      status: 200,
      body: { outcome: 'cancelled', deliveries: counts({ cancelled: 2 }) },
    });
    expect(bench.outside.toldDeleted).toContain(id);
  });

  it('says stopped when part of it was accepted', async () => {
    bench.outside.stateIs(id, { counts: counts({ sent: 1, cancelled: 1 }), lastSentAt });
    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'stopped' } });
  });

  it('gives the same 200 for ever, whatever else is said of the deliveries', async () => {
    bench.outside.stateIs(id, { counts: counts({ sent: 1, cancelled: 1 }), lastSentAt });
    const first = await remove();
    bench.outside.stateIs(id, { counts: counts({ sent: 2 }), lastSentAt });
    const second = await remove();
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(bench.outside.toldDeleted.filter((told) => told === id)).toHaveLength(1);
  });

  it('refuses what had all been accepted, names the time and leaves no trace', async () => {
    bench.outside.stateIs(id, { counts: counts({ sent: 2 }), lastSentAt });
    const answer = await remove();
    expect(answer).toMatchObject({ status: 409, body: { code: 'notifications.already-sent' } });
    expect(answer.body['detail']).toContain('2026-11-21T10:15:30.000Z');
    expect(await get()).toMatchObject({ status: 'pending', deletion: null });
  });

  it('waits inside the request for what is being handed over', async () => {
    const handing = { counts: counts({ sending: 1, cancelled: 1 }), inFlight: [newId()] };
    bench.outside.stateIs(id, handing, handing, { counts: counts({ sent: 1, cancelled: 1 }), lastSentAt });
    const answer = await remove();
    expect([answer.status, answer.body]).toEqual([
      200,
      { id, outcome: 'stopped', deliveries: counts({ sent: 1, cancelled: 1 }) },
    ]);
    expect(await get()).toMatchObject({ deletion: { outcome: 'stopped' } });
  });

  it('answers 202 with the attempts when that takes too long, and 200 once it is over', async () => {
    const inFlight = [newId()];
    bench.outside.stateIs(id, { counts: counts({ sending: 1, cancelled: 1 }), inFlight });
    const answer = await remove();
    expect(answer.headers['retry-after']).toBe('1');
    expect([answer.status, answer.body]).toEqual([
      202,
      { id, outcome: 'pending', inFlight, deliveries: counts({ sending: 1, cancelled: 1 }) },
    ]);
    expect(await get()).toMatchObject({ status: 'deleted', deletion: { outcome: 'pending' } });

    bench.outside.stateIs(id, { counts: counts({ failed: 1, cancelled: 1 }) });
    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'cancelled' } });
  });

  it('lets the last hand-over finish a deletion that nobody asks about again', async () => {
    const handing = { counts: counts({ sending: 1, cancelled: 1 }), inFlight: [newId()] };
    bench.outside.stateIs(id, handing);
    expect((await remove()).status).toBe(202);
    await progressed({ from: 'pending', to: 'sending', count: 1 });
    expect(await get()).toMatchObject({ deletion: { outcome: 'pending' } });

    bench.outside.stateIs(id, { counts: counts({ sent: 1, cancelled: 1 }), lastSentAt });
    await progressed({ from: 'sending', to: 'sent', count: 1 });
    expect(await get()).toMatchObject({ status: 'deleted', deletion: { outcome: 'stopped' } });
    expect(await remove()).toMatchObject({ status: 200, body: { outcome: 'stopped' } });
  });

  it('gives two callers at the same time one answer', async () => {
    bench.outside.stateIs(id, { counts: counts({ cancelled: 2 }) });
    const answers = await Promise.all([remove(), remove(bench.outside.person('admin'))]);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, { id, outcome: 'cancelled', deliveries: counts({ cancelled: 2 }) }],
      [200, { id, outcome: 'cancelled', deliveries: counts({ cancelled: 2 }) }],
    ]);
    expect(bench.outside.toldDeleted.filter((told) => told === id)).toHaveLength(1);
  });

  it('is a 404 for another person and for what does not exist', async () => {
    const stranger = bench.outside.person('user');
    for (const hidden of [id, newId()]) {
      expect(await remove(stranger, hidden)).toMatchObject({
        status: 404,
        body: { code: 'notifications.not-found' },
      });
    }
    expect(bench.outside.toldDeleted).not.toContain(id);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { Relay } from '#platform/messaging';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { counts } from '../support/notifications-outside.ts';

interface Notification {
  readonly id: string;
  readonly status: string;
}

let api: Api;
let user: Caller;
let operator: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  await api.lastPrice('BTC-USD', '33000.50');
  user = await api.person('user', 'ada@example.org');
});
afterAll(() => api.close());
beforeEach(async () => {
  operator = await api.person('operator');
});

const url = (id: string, rest = '') => `/v1/notifications/${id}${rest}`;
const to = (...addresses: string[]) => ({
  recipients: addresses.map((address) => ({ channel: 'email', to: address })),
});
const text = { subject: 'Bitcoin today', lineItems: [{ symbol: 'btc', fields: ['price', 'marketCap'] }] };
const create = (as: Caller, given: object = to('bob@example.org')) =>
  api.call<Notification>({ method: 'POST', url: '/v1/notifications', as, body: { ...text, ...given } });
const created = async (as: Caller, given?: object) => (await create(as, given)).body.id;
const get = (as: Caller, id: string) => api.call<Notification>({ url: url(id), as });
const list = async (as: Caller, query = '') => {
  const { body } = await api.call<{ items: Notification[] }>({ url: `/v1/notifications${query}`, as });
  return body.items.map(({ id }) => id);
};
const send = (as: Caller, id: string, body?: object) =>
  api.call({ method: 'POST', url: url(id, '/send'), as, body });
const remove = (as: Caller, id: string) => api.call({ method: 'DELETE', url: url(id), as });
/** What a worker would do: the deliveries that are owed become rows. */
const relay = () => api.app.get(Relay).drain();
const deliveries = async (as: Caller, id: string) => {
  const { body } = await api.call<{ items: object[] }>({ url: url(id, '/deliveries'), as });
  return body.items;
};
const only = (state: string, count: number) => counts({ [state]: count });

describe('a notification to oneself', () => {
  it('is what a user may write, their address in any case', async () => {
    const { status, body } = await create(user, to('ADA@Example.org'));
    expect(status).toBe(201);
    expect((await send(user, body.id)).status).toBe(202);
    expect(await list(user, '?status=outstanding')).toContain(body.id);
  });

  it('is all that a user may write', async () => {
    const refused = { status: 403, body: { code: 'notifications.recipient-not-own' } };
    expect(await create(user, to('bob@example.org'))).toMatchObject(refused);
    expect(await create(user, to('ada@example.org', 'bob@example.org'))).toMatchObject(refused);
    const draft = await created(user, to());
    expect(await send(user, draft, to('bob@example.org'))).toMatchObject(refused);
    expect((await get(user, draft)).body).toMatchObject({ status: 'draft', recipients: [] });
  });
});

describe('a notification to others', () => {
  it('is what operators and administrators may write', async () => {
    for (const writer of [operator, await api.person('admin')]) {
      expect((await create(writer)).status).toBe(201);
    }
  });

  it("goes out with the market's values of that moment, once", async () => {
    const id = await created(operator, to('bob@example.org', 'eve@example.org'));
    expect((await get(operator, id)).body).toMatchObject({ status: 'draft', lineItems: [{ values: null }] });
    const sent = await send(operator, id);
    expect(sent).toMatchObject({
      status: 202,
      body: {
        status: 'pending',
        lineItems: [{ symbol: 'BTC-USD', values: { price: '33000.5', marketCap: null } }],
      },
    });
    expect(await send(operator, id)).toMatchObject({
      status: 409,
      body: { code: 'notifications.not-draft' },
    });
    await relay();
    const pending = { channel: 'email', status: 'pending', attempts: [] };
    const owed = await deliveries(operator, id);
    expect(owed).toHaveLength(2);
    for (const address of ['bob@example.org', 'eve@example.org']) {
      expect(owed).toContainEqual(expect.objectContaining({ ...pending, to: address }));
    }
  });

  it('is shared among operators and kept from users', async () => {
    const id = await created(operator);
    const colleague = await api.person('operator');
    expect(await list(colleague)).toContain(id);
    expect((await get(colleague, id)).status).toBe(200);
    expect(await list(user)).not.toContain(id);
    const calls = [
      get(user, id),
      send(user, id),
      remove(user, id),
      api.call({ url: url(id, '/deliveries'), as: user }),
    ];
    for (const answer of await Promise.all(calls)) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'notifications.not-found' } });
    }
    expect((await get(operator, id)).body.status).toBe('draft');
  });
});

describe('deleting', () => {
  it('cancels a draft, and says so again when asked again', async () => {
    const id = await created(operator);
    const cancelled = { status: 200, body: { id, outcome: 'cancelled', deliveries: only('pending', 0) } };
    expect(await remove(operator, id)).toMatchObject(cancelled);
    expect(await remove(operator, id)).toMatchObject(cancelled);
    expect((await get(operator, id)).body).toMatchObject({
      status: 'deleted',
      deletion: { outcome: 'cancelled' },
    });
    expect(await send(operator, id)).toMatchObject({
      status: 409,
      body: { code: 'notifications.not-draft' },
    });
  });

  it('cancels what no worker has taken yet', async () => {
    const id = await created(operator);
    await send(operator, id);
    await relay();
    expect(await remove(operator, id)).toMatchObject({
      status: 200,
      body: { id, outcome: 'cancelled', deliveries: only('cancelled', 1) },
    });
    expect(await deliveries(operator, id)).toMatchObject([{ status: 'cancelled' }]);
    expect(await list(operator, '?status=deleted')).toContain(id);
  });

  it('cancels what was not even relayed yet', async () => {
    const id = await created(operator);
    await send(operator, id);
    expect((await remove(operator, id)).body).toMatchObject({ outcome: 'cancelled' });
    await relay();
    expect(await deliveries(operator, id)).toMatchObject([{ status: 'cancelled', reason: 'source-deleted' }]);
  });

  it('comes too late for what was sent, and says when that was', async () => {
    const id = await created(operator);
    await send(operator, id);
    await relay();
    await api.database.sql`
      update delivery.deliveries set status = 'sent', settled_at = '2026-11-21T10:15:30Z'
      where notification_id = ${id}`;
    const answer = await remove(operator, id);
    expect(answer).toMatchObject({ status: 409, body: { code: 'notifications.already-sent' } });
    expect(answer.body['detail']).toContain('2026-11-21T10:15:30.000Z');
    expect((await get(operator, id)).body).toMatchObject({ deletion: null });
  });
});

describe('what does not exist', () => {
  it('is not found', async () => {
    for (const call of [get, send, remove]) {
      expect(await call(operator, newId())).toMatchObject({
        status: 404,
        body: { code: 'notifications.not-found' },
      });
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import type { DeliveryView } from '#libs/delivery/contracts';
import { Relay } from '#platform/messaging';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { tablesWith } from '../support/find-in-database.ts';

interface Suppression {
  readonly id: string;
}

let api: Api;
let operator: Caller;
let address: string;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off', HOST: '127.0.0.1' });
  operator = await api.person('operator');
});
afterAll(() => api.close());
beforeEach(() => {
  address = `${newId()}@Example.org`;
});

const suppress = (body: object, headers: Record<string, string> = {}) =>
  api.call<Suppression>({ method: 'POST', url: '/v1/suppressions', as: operator, body, headers });
const lift = (id: string) => api.call({ method: 'DELETE', url: `/v1/suppressions/${id}`, as: operator });
const list = async (query = '') =>
  (await api.call<{ items: Suppression[]; total: number }>({ url: `/v1/suppressions${query}`, as: operator }))
    .body;
/** Sends a notification to the address and returns its delivery. */
async function sent(to = address): Promise<DeliveryView | undefined> {
  const draft = { subject: 'Hello', message: 'Hello', recipients: [{ channel: 'email', to }] };
  const { body } = await api.call({ method: 'POST', url: '/v1/notifications', as: operator, body: draft });
  const url = `/v1/notifications/${String(body['id'])}`;
  await api.call({ method: 'POST', url: `${url}/send`, as: operator });
  await api.app.get(Relay).drain();
  const found = await api.call<{ items: DeliveryView[] }>({ url: `${url}/deliveries`, as: operator });
  return found.body.items[0];
}

describe('an address that is suppressed', () => {
  it('gets nothing that waits for it and nothing that is sent later, in any case', async () => {
    const waiting = await sent();
    const { status, body } = await suppress({ address: address.toUpperCase(), reason: 'asked by telephone' });
    expect({ status, body }).toEqual({
      status: 201,
      body: { id: expect.any(String), reason: 'asked by telephone', createdAt: expect.any(String) },
    });
    const { body: ended } = await api.call({ url: `/v1/deliveries/${waiting?.id}`, as: operator });
    const suppressed = { status: 'suppressed', reason: 'address-suppressed', settledAt: expect.any(String) };
    expect(ended).toMatchObject(suppressed);
    const notification = `/v1/notifications/${String(ended['notificationId'])}`;
    await api.app.get(Relay).drain();
    expect((await api.call({ url: notification, as: operator })).body).toMatchObject({
      status: 'failed',
      deliveries: { suppressed: 1, pending: 0 },
    });
    expect(await sent(address.toLowerCase())).toMatchObject(suppressed);
    expect(await sent(`x${address}`)).toMatchObject({ status: 'pending' });
  });

  it('gets what is sent once that is lifted; what was suppressed stays so', async () => {
    const { id } = (await suppress({ address })).body;
    const before = await sent();
    expect(await lift(id)).toMatchObject({ status: 204, body: undefined });
    expect(await sent()).toMatchObject({ status: 'pending' });
    expect((await api.call({ url: `/v1/deliveries/${before?.id}`, as: operator })).body).toMatchObject({
      status: 'suppressed',
    });
    expect(await lift(id)).toMatchObject({ status: 404, body: { code: 'delivery.suppression-not-found' } });
  });

  it('is suppressed once', async () => {
    const { id } = (await suppress({ address })).body;
    const again = await suppress({ address: ` ${address.toLowerCase()}`, reason: 'again' });
    expect(again).toMatchObject({ status: 409, body: { code: 'delivery.already-suppressed' } });
    expect(JSON.stringify(again.body)).toContain(id);
    expect(await list(`?address=${address}`)).toMatchObject({ items: [{ id, reason: null }], total: 1 });
  });

  it('is suppressed once by who repeats the request with its key', async () => {
    const key = { 'idempotency-key': newId() };
    const first = await suppress({ address }, key);
    expect(await suppress({ address }, key)).toMatchObject({ status: 201, body: first.body });
  });

  it('is kept as a hash: whoever has it can ask for it', async () => {
    const { id } = (await suppress({ address })).body;
    for (const spelling of [address, address.toUpperCase()]) {
      expect((await list(`?address=${spelling}`)).items).toMatchObject([{ id }]);
    }
    expect(await list(`?address=x${address}`)).toMatchObject({ items: [], total: 0 });
    expect(await tablesWith(api.database, address)).toEqual([]);
  });

  it('because its owner wants nothing is not listed: that would say that they had an account', async () => {
    const ada = await api.person('user', address.toLowerCase());
    await api.call({ method: 'DELETE', url: '/v1/me', as: ada, body: { password: ada.password } });
    const delivery = await sent();
    const shown = async () => (await api.call({ url: `/v1/deliveries/${delivery?.id}`, as: operator })).body;
    const before = await shown();
    expect(before).toMatchObject({ status: 'suppressed', reason: 'address-suppressed' });
    // As an older version wrote it.
    await api.database.sql`
      update delivery.deliveries set reason = 'account-deleted' where id = ${delivery?.id}`;
    expect(await shown()).toEqual(before);
    expect(await list(`?address=${address}`)).toMatchObject({ items: [] });
    const { status, body } = await suppress({ address });
    expect(status).toBe(201);
    await lift(body.id);
    expect(await sent()).toMatchObject({ status: 'suppressed' });
  });
});

describe('the list of suppressions', () => {
  it('is paged, the newest first', async () => {
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      made.unshift((await suppress({ address: `${name}${address}` })).body.id);
    }
    const { items } = await list('?per_page=3');
    expect(items.map(({ id }) => id)).toEqual(made);
    const { body, headers } = await api.call({ url: '/v1/suppressions?per_page=1&page=2', as: operator });
    expect(body).toMatchObject({ items: [{ id: made[1] }], page: 2, perPage: 1, totalExact: true });
    expect(headers['link']).toContain('rel="prev"');
  });

  it('is for operators and administrators', async () => {
    const ada = await api.person();
    for (const request of [
      { url: '/v1/suppressions' },
      { url: '/v1/suppressions', method: 'POST', body: { address } },
      { url: `/v1/suppressions/${newId()}`, method: 'DELETE' },
    ] as const) {
      expect(await api.call({ ...request, as: ada })).toMatchObject({
        status: 403,
        body: { code: 'identity.role-missing' },
      });
    }
    expect((await api.call({ url: '/v1/suppressions', as: await api.person('admin') })).status).toBe(200);
  });
});

describe('a suppression', () => {
  it.each<[string, object, string]>([
    ['no address', {}, '/address'],
    ['something that is no address', { address: 'ada' }, '/address'],
    ['an address with a line break', { address: 'ada@example.org\r\nBcc: eve@example.org' }, '/address'],
    ['an address with NUL', { address: 'a\0da@example.org' }, '/address'],
    ['an address that is too long', { address: `${'a'.repeat(250)}@example.org` }, '/address'],
    ['addresses in a list', { address: ['ada@example.org'] }, '/address'],
    ['an empty reason', { address: 'ada@example.org', reason: ' ' }, '/reason'],
    ['a reason that is too long', { address: 'ada@example.org', reason: 'x'.repeat(201) }, '/reason'],
    ['a reason of two lines', { address: 'ada@example.org', reason: 'asked\nby phone' }, '/reason'],
    ['an id of its own', { address: 'ada@example.org', id: newId() }, '/id'],
  ])('is refused with %s', async (_, body, pointer) => {
    expect(await suppress(body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  it.each(['address=', 'address=%00', `address=${'a'.repeat(255)}`, 'reason=x', 'page=0'])(
    'is not listed by ?%s',
    async (query) => {
      const answer = await api.call({ url: `/v1/suppressions?${query}`, as: operator });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ parameter: query.split('=')[0] }] } });
    },
  );
});

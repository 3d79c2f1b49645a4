import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import type { DeliveryState, DeliveryView } from '#libs/delivery/contracts';
import { Outbox, Relay } from '#platform/messaging';
import { Sealer } from '#platform/secrets';
import { accountMail } from '../support/account-mail.ts';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { settled } from '../support/settled.ts';

interface Page {
  readonly items: DeliveryView[];
  readonly total: number;
  readonly totalExact: boolean;
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

const post = <Body = DeliveryView>(url: string, body?: object, headers: Record<string, string> = {}) =>
  api.call<Body>({ method: 'POST', url, as: operator, body, headers });
const relay = () => api.app.get(Relay).drain();

/** A notification that says a secret to these, and the ids of its deliveries in the order of their addresses. */
async function sent(...to: string[]) {
  const recipients = to.map((one) => ({ channel: 'email', to: one }));
  const draft = { subject: 'The subject is secret', message: 'The text is secret', recipients };
  const { id } = (await post('/v1/notifications', draft)).body;
  await post(`/v1/notifications/${id}/send`);
  await relay();
  return { id, deliveries: (await deliveriesOf(id)).toSorted((a, b) => a.to.localeCompare(b.to)) };
}
/** The delivery of a notification to one address, in this state. */
async function delivered(status: DeliveryState = 'failed', to = address) {
  const { id, deliveries } = await sent(to);
  const deliveryId = deliveries[0]?.id ?? '';
  if (status !== 'pending') await settled(api, deliveryId, status);
  return { notificationId: id, id: deliveryId };
}
const deliveriesOf = async (notificationId: string) =>
  (await api.call<Page>({ url: `/v1/notifications/${notificationId}/deliveries`, as: operator })).body.items;
const search = async (query: string) =>
  (await api.call<Page>({ url: `/v1/deliveries?${query}`, as: operator })).body;
const found = async (query: string) => (await search(query)).items.map(({ id }) => id);
const get = (id: string) => api.call<DeliveryView>({ url: `/v1/deliveries/${id}`, as: operator });
const retry = (id: string, body?: object, headers?: Record<string, string>) =>
  post(`/v1/deliveries/${id}/retry`, body, headers);
const notification = async (id: string) =>
  (await api.call({ url: `/v1/notifications/${id}`, as: operator })).body;
const remove = (id: string) => api.call({ method: 'DELETE', url: `/v1/notifications/${id}`, as: operator });
const conflict = (code: string) => ({ status: 409, body: { code: `delivery.${code}` } });

describe('the delivery log', () => {
  it('tells to whom, when and how it went, with every attempt, but not what was said', async () => {
    const { notificationId, id } = await delivered();
    const { status, body } = await get(id);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        id,
        notificationId,
        channel: 'email',
        to: address,
        status: 'failed',
        reason: 'told failed',
        messageId: expect.stringContaining(`<${id}@`),
        retryOf: null,
        retriedBy: null,
        tainted: false,
        attempts: [
          {
            number: 1,
            outcome: 'failed',
            provider: 'smtp',
            workerId: 1_000_000,
            request: { from: 'tocsin@example.org', to: 'bob@example.org', bytes: 4711, tls: 'TLSv1.3' },
            code: '550',
            response: 'told failed',
            durationMs: 25,
          },
        ],
      },
    });
    expect(await deliveriesOf(notificationId)).toEqual([body]);
    expect((await search(`to=${address}`)).items).toEqual([body]);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('is searched by the whole address, in any case', async () => {
    const [{ id }] = [await delivered(), await delivered('failed', `x${address}`)];
    for (const to of [address, address.toUpperCase(), address.toLowerCase(), ` ${address}`]) {
      expect(await found(`to=${to}`)).toEqual([id]);
    }
    expect(await found(`to=${address.slice(1)}`)).toEqual([]);
  });

  it('is searched by state, by several, by all', async () => {
    const to = [`a${address}`, `b${address}`, `c${address}`].map((one) => one.toLowerCase());
    const { deliveries } = await sent(...to);
    const [failed, unknown, pending] = deliveries.map(({ id }) => id);
    await settled(api, failed ?? '', 'failed');
    await settled(api, unknown ?? '', 'unknown');
    const newest = `from=${deliveries[0]?.createdAt.toString()}`;
    expect(await found(`status=failed&${newest}`)).toEqual([failed]);
    expect(new Set(await found(`status=unknown,failed&${newest}`))).toEqual(new Set([failed, unknown]));
    expect(new Set(await found(newest))).toEqual(new Set([failed, unknown, pending]));
    expect(await found(`status=sent,failed&to=${to[1]}`)).toEqual([]);
    expect(await found(`status=unknown,unknown&to=${to[1]}`)).toEqual([unknown]);
  });

  it('is searched by when a delivery was made, the end excluded', async () => {
    const { id } = await delivered();
    await api.database.sql`
      update delivery.deliveries set created_at = '2001-01-01T10:00:00Z' where id = ${id}`;
    expect(await found('from=2001-01-01T10:00:00Z&until=2001-01-01T10:00:00.001Z')).toEqual([id]);
    expect(await found('from=2001-01-01T12:00:00%2B02:00&until=2001-01-02T00:00:00Z')).toEqual([id]);
    expect(await found('from=2001-01-01T09:59:59Z&until=2001-01-01T10:00:00Z')).toEqual([]);
    expect(await found('from=2001-01-01T10:00:00.001Z&until=2001-01-02T00:00:00Z')).toEqual([]);
    expect(await found('from=0000-01-01T00:00:00Z&until=2001-01-01T10:00:00.001Z')).toEqual([id]);
    expect(await found('from=9999-12-31T23:59:59Z')).toEqual([]);
  });

  it('is paged, the newest first, over the states as one', async () => {
    const made: string[] = [];
    for (const status of ['failed', 'pending', 'unknown', 'failed'] as const) {
      made.unshift((await delivered(status)).id);
    }
    const pages = await Promise.all([1, 2, 3].map((page) => search(`to=${address}&per_page=2&page=${page}`)));
    expect(pages.map(({ items }) => items.map(({ id }) => id))).toEqual([
      made.slice(0, 2),
      made.slice(2),
      [],
    ]);
    expect(pages[1]).toMatchObject({ page: 2, perPage: 2, total: 4, totalExact: true });
    const { headers } = await api.call({ url: `/v1/deliveries?to=${address}&per_page=2`, as: operator });
    expect(headers['link']).toContain('per_page=2&page=2>; rel="next"');
  });

  it('has mails about accounts too, without a subject or a text, and nobody of an erased account', async () => {
    const { event, id } = accountMail(api.app.get(Sealer), null, address);
    await api.database.transaction(() => api.app.get(Outbox).append([event]));
    await relay();
    const [mail] = (await search(`to=${address}`)).items;
    expect(mail).toMatchObject({ id, notificationId: null, to: address, status: 'pending' });
    await api.database.sql`update delivery.deliveries set recipient = '' where id = ${id}`;
    expect(await found(`to=${address}`)).toEqual([]);
    expect((await get(id)).body).toMatchObject({ to: '' });
  });

  it('counts and pages as far as ten thousand, and says so', async () => {
    const { id } = await delivered();
    await api.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, channel, recipient, status, message_id_header, created_at)
      select gen_random_uuid(), message_id, notification_id, channel, recipient, status, message_id_header,
        '1999-01-01T00:00:00Z'
      from delivery.deliveries, generate_series(1, 10001) where id = ${id}`;
    const in1999 = 'from=1999-01-01T00:00:00Z&until=2000-01-01T00:00:00Z';
    for (const query of [in1999, `${in1999}&status=failed`, `${in1999}&to=${address}`]) {
      expect(await search(`${query}&page=1000`)).toMatchObject({ total: 10_000, totalExact: false });
      const beyond = await api.call({ url: `/v1/deliveries?${query}&page=1001`, as: operator });
      expect(beyond).toMatchObject({ status: 422, body: { errors: [{ parameter: 'page' }] } });
    }
    expect((await search(`${in1999}&page=1000`)).items).toHaveLength(10);
  });

  it.each<[string, string, RegExp]>([
    ['status=failed,lost', 'status', /^Allowed values: pending, sending, retrying, sent, failed, /],
    ['to=', 'to', /address/],
    [`to=${'a'.repeat(255)}`, 'to', /254/],
    ['to=%00', 'to', /NUL/],
    ['to=a&to=b', 'to', /./],
    ['from=yesterday', 'from', /2026/],
    ['from=2026-11-22', 'from', /2026/],
    ['until=2026-11-22T25:00:00Z', 'until', /2026/],
    ['from=2026-11-22T10:00:00Z&until=2026-11-22T10:00:00Z', 'until', /after `from`/],
    ['from=2026-11-22T11:00:00Z&until=2026-11-22T12:00:00%2B02:00', 'until', /after `from`/],
    ['page=101&per_page=100', 'page', /newest 10000/],
    ['per_page=101', 'per_page', /1 to 100/],
    ['subject=secret', 'subject', /./],
  ])('is not searched by ?%s', async (query, parameter, detail) => {
    const answer = await api.call({ url: `/v1/deliveries?${query}`, as: operator });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ parameter, detail: expect.stringMatching(detail) }] },
    });
  });

  it('is for operators and administrators', async () => {
    const { id } = await delivered();
    for (const url of ['/v1/deliveries', `/v1/deliveries/${id}`]) {
      expect((await api.call({ url, as: await api.person('admin') })).status).toBe(200);
      expect(await api.call({ url, as: await api.person() })).toMatchObject({
        status: 403,
        body: { code: 'identity.role-missing' },
      });
    }
  });
});

describe('the deliveries of a notification', () => {
  it('are paged, for whoever may see it', async () => {
    const { id } = await sent(`a${address}`, `b${address}`, `c${address}`);
    const url = `/v1/notifications/${id}/deliveries?per_page=2&page=2`;
    const { body, headers } = await api.call<Page>({ url, as: operator });
    expect(body).toMatchObject({ page: 2, perPage: 2, total: 3, totalExact: true });
    expect(body.items).toHaveLength(1);
    expect(headers['link']).toContain('rel="prev"');
    expect(await api.call({ url, as: await api.person() })).toMatchObject({
      status: 404,
      body: { code: 'notifications.not-found' },
    });
  });
});

describe('sending a failed delivery again', () => {
  it('makes another one of the same message, due at once, and each names the other', async () => {
    const { notificationId, id } = await delivered();
    const before = (await get(id)).body;
    const { status, body } = await retry(id);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { notificationId, to: address, status: 'pending', retryOf: id, retriedBy: null, attempts: [] },
    });
    expect(body.messageId).toContain(body.id);
    expect(body.messageId).not.toBe(before.messageId);
    expect((await get(id)).body).toEqual({ ...before, retriedBy: body.id });
    expect(await found(`to=${address}`)).toEqual([body.id, id]);
    const [of, again] = await Promise.all(
      [id, body.id].map(
        (one) => api.database.sql<{ message: string; sources: string[] }>`
          select message_id as message, due_at <= now() as due,
            array(select source_type || source_id from delivery.delivery_sources where delivery_id = delivery.id
              order by 1) as sources
          from delivery.deliveries as delivery where id = ${one}`,
      ),
    );
    expect(again).toEqual(of);
    expect(of?.[0]?.sources).toHaveLength(2);
  });

  it('counts in its place, and what comes of it is what came of the notification', async () => {
    const { notificationId, id } = await delivered();
    expect(await notification(notificationId)).toMatchObject({ status: 'failed' });
    const again = (await retry(id)).body.id;
    await relay();
    expect(await notification(notificationId)).toMatchObject({
      status: 'pending',
      deliveries: { failed: 0, pending: 1 },
    });
    await settled(api, again, 'sent');
    expect(await notification(notificationId)).toMatchObject({
      status: 'sent',
      deliveries: { failed: 0, pending: 0, sent: 1 },
    });
    expect(await remove(notificationId)).toMatchObject({
      status: 409,
      body: { code: 'notifications.already-sent' },
    });
  });

  it('may be repeated as long as the last retry failed', async () => {
    const { notificationId, id } = await delivered();
    const second = (await retry(id)).body.id;
    expect(await retry(id)).toMatchObject(conflict('already-retried'));
    expect(await retry(second)).toMatchObject(conflict('not-failed'));
    await settled(api, second, 'failed');
    const refused = await retry(id);
    expect(refused).toMatchObject({ body: { detail: expect.stringContaining(second) } });
    const third = (await retry(second)).body;
    expect(third).toMatchObject({ retryOf: second, status: 'pending' });
    await settled(api, third.id, 'sent');
    expect(await notification(notificationId)).toMatchObject({ status: 'sent' });
  });

  it('is done once, of many at the same time', async () => {
    const { id } = await delivered();
    const answers = await Promise.all(Array.from({ length: 6 }, () => retry(id)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201, 409, 409, 409, 409, 409,
    ]);
    expect(await found(`to=${address}`)).toHaveLength(2);
  });

  it('is repeated with its key', async () => {
    const { id } = await delivered();
    const key = { 'idempotency-key': newId() };
    const first = await retry(id, {}, key);
    const again = await retry(id, {}, key);
    expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
    expect(again.body).toStrictEqual(first.body);
    expect(await found(`to=${address}`)).toHaveLength(2);
  });

  it.each(['pending', 'sent', 'cancelled', 'suppressed'] as const)('is refused for %s', async (status) => {
    const { id } = await delivered(status);
    const refused = await retry(id, { acceptDuplicate: true });
    expect(refused).toMatchObject(conflict('not-failed'));
    expect(JSON.stringify(refused.body)).toContain(`this one is ${status}.`);
  });

  it('of which nobody knows whether it arrived needs somebody to accept a duplicate', async () => {
    const { notificationId, id } = await delivered('unknown');
    for (const body of [undefined, {}, { acceptDuplicate: false }]) {
      const refused = await retry(id, body);
      expect(refused).toMatchObject(conflict('may-have-arrived'));
      expect(JSON.stringify(refused.body)).toContain('acceptDuplicate');
    }
    const { status, body } = await retry(id, { acceptDuplicate: true });
    expect({ status, body }).toMatchObject({ status: 201, body: { retryOf: id, tainted: false } });
    // Its retry can be cancelled, but the one before may have arrived.
    expect(await remove(notificationId)).toMatchObject({
      status: 200,
      body: { outcome: 'stopped', deliveries: { cancelled: 1, unknown: 0 } },
    });
    expect((await get(body.id)).body).toMatchObject({ status: 'cancelled', reason: 'source-deleted' });
  });

  it('stops with its notification, of which nothing had been accepted', async () => {
    const { notificationId, id } = await delivered();
    const again = (await retry(id)).body.id;
    expect(await remove(notificationId)).toMatchObject({
      status: 200,
      body: { outcome: 'cancelled', deliveries: { cancelled: 1, failed: 0 } },
    });
    expect((await get(again)).body).toMatchObject({ status: 'cancelled' });
    expect((await get(id)).body).toMatchObject({ status: 'failed' });
  });

  it('is refused once what it stems from is deleted', async () => {
    const { notificationId, id } = await delivered();
    await remove(notificationId);
    expect(await retry(id)).toMatchObject(conflict('source-deleted'));
  });

  it('is refused where the text is not kept: of an account, or of an erased one', async () => {
    const { event, id } = accountMail(api.app.get(Sealer), null, address);
    await api.database.transaction(() => api.app.get(Outbox).append([event]));
    await relay();
    await settled(api, id, 'failed');
    const erased = await delivered();
    await api.database.sql`update delivery.deliveries set recipient = '' where id = ${erased.id}`;
    for (const one of [id, erased.id]) expect(await retry(one)).toMatchObject(conflict('text-erased'));
  });

  it('is refused where the address is suppressed, and names what suppresses it', async () => {
    const { id } = await delivered();
    const suppression = (await post<{ id: string }>('/v1/suppressions', { address })).body.id;
    const refused = await retry(id);
    expect(refused).toMatchObject(conflict('address-suppressed'));
    expect(JSON.stringify(refused.body)).toContain(suppression);
    await api.call({ method: 'DELETE', url: `/v1/suppressions/${suppression}`, as: operator });
    expect((await retry(id)).status).toBe(201);
  });

  it('is for operators, and what does not exist is not found', async () => {
    const { id } = await delivered();
    const url = `/v1/deliveries/${id}/retry`;
    expect(await api.call({ method: 'POST', url, as: await api.person() })).toMatchObject({ status: 403 });
    expect(await retry(newId())).toMatchObject({ status: 404, body: { code: 'delivery.not-found' } });
  });

  it.each([{ acceptDuplicate: 'yes' }, { acceptDuplicate: null }, { force: true }])(
    'is refused with %j',
    async (body) => {
      expect(await retry((await delivered('unknown')).id, body)).toMatchObject({ status: 422 });
    },
  );
});

import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { buildOpenApi, type Principal } from '#platform/http';
import { counts } from '../../../../test/support/notifications-outside.ts';
import { type NotificationsBench, startNotifications } from '../../../../test/support/notifications.ts';

let bench: NotificationsBench;
let operator: Principal;
let user: Principal;

beforeAll(async () => {
  bench = await startNotifications(inject('postgresUrl'));
  bench.outside.quotes.push({
    symbol: 'BTC-USD',
    price: '33000.5',
    dayHigh: '34000',
    dayLow: '32000',
    volume24h: '1234567.8',
    volumeUnit: 'USD',
    marketCap: null,
    change24hPercent: '-1.25',
    source: 'binance',
    asOf: new Date('2026-11-21T10:15:30Z'),
    stale: false,
  });
});
afterAll(() => bench.close());

beforeEach(() => {
  operator = bench.outside.person('operator');
  user = bench.outside.person('user', { email: 'Ada@Example.org' });
});

const to = (address: string) => ({ channel: 'email', to: address });
const lineItems = [{ symbol: 'btcusdt', fields: ['price', 'volume24h', 'marketCap'] }];
const body = { subject: 'Bitcoin today', message: 'Hello', lineItems, recipients: [to('bob@example.org')] };

const create = (principal: Principal, given: object = {}) =>
  bench.call(principal, 'POST', '/v1/notifications', { ...body, ...given });
async function created(principal: Principal, given: object = {}): Promise<string> {
  const answer = await create(principal, given);
  expect(answer.status).toBe(201);
  return String(answer.body['id']);
}
const send = (principal: Principal, id: string, given?: object) =>
  bench.call(principal, 'POST', `/v1/notifications/${id}/send`, given);
const get = (principal: Principal, id: string) => bench.call(principal, 'GET', `/v1/notifications/${id}`);
async function requested(): Promise<
  { notificationId: string; text: string; html: string; recipients: object[] }[]
> {
  const rows = await bench.database.sql<{ payload: { deliveries: Awaited<ReturnType<typeof requested>> } }>`
    select payload from platform.outbox where type = 'notifications.deliveries-requested.v1' order by id`;
  return rows.flatMap(({ payload }) => payload.deliveries);
}

/** What a draft cannot say or name, when it is written and when it is changed. */
const refusedTexts: [string, object, string][] = [
  ['no subject', { subject: '  ' }, '/subject'],
  ['a subject that is too long', { subject: 'x'.repeat(201) }, '/subject'],
  ['a subject with a line break', { subject: 'Hello\r\nBcc: eve@example.org' }, '/subject'],
  ['a subject with NUL', { subject: 'Hel\0lo' }, '/subject'],
  ['a subject with half a character', { subject: 'Hello \ud83d' }, '/subject'],
  ['a message that is too long', { message: 'x'.repeat(10_001) }, '/message'],
  ['a message with NUL', { message: 'Hel\0lo' }, '/message'],
  ['a message with half a character', { message: 'Hello \ud83d' }, '/message'],
  ['nothing to say', { message: ' ', lineItems: [] }, '/message'],
  ['an unknown field', { lineItems: [{ symbol: 'BTC-USD', fields: ['colour'] }] }, '/lineItems/0/fields/0'],
  [
    'a field named twice',
    { lineItems: [{ symbol: 'BTC-USD', fields: ['price', 'price'] }] },
    '/lineItems/0/fields',
  ],
  ['no field', { lineItems: [{ symbol: 'BTC-USD', fields: [] }] }, '/lineItems/0/fields'],
  ['a symbol with NUL', { lineItems: [{ symbol: 'BTC\0', fields: ['price'] }] }, '/lineItems/0/symbol'],
  ['too many line items', { lineItems: Array.from({ length: 21 }, () => lineItems[0]) }, '/lineItems'],
  ['an address with a line break', { recipients: [to('ada@example.org\r\nx: y')] }, '/recipients/0/to'],
  ['an address with NUL', { recipients: [to('ada\0@example.org')] }, '/recipients/0/to'],
  ['something that is no address', { recipients: [to('ada')] }, '/recipients/0/to'],
  [
    'an unknown channel',
    { recipients: [{ channel: 'pigeon', to: 'ada@example.org' }] },
    '/recipients/0/channel',
  ],
  ['an address twice', { recipients: [to('ada@example.org'), to('ADA@example.org')] }, '/recipients/1/to'],
  [
    'too many recipients',
    { recipients: Array.from({ length: 1001 }, (_, index) => to(`r${index}@example.org`)) },
    '/recipients',
  ],
  ['an unknown property', { colour: 'red' }, '/colour'],
];

describe('POST /v1/notifications', () => {
  it('answers the draft, its symbols in their canonical form and without values yet', async () => {
    const answer = await create(operator);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      kind: 'manual',
      subject: 'Bitcoin today',
      message: 'Hello',
      lineItems: [
        { symbol: 'BTC-USD', fields: ['price', 'volume24h', 'marketCap'], values: null, asOf: null },
      ],
      recipients: [to('bob@example.org')],
      alertIds: [],
      campaignId: null,
      status: 'draft',
      version: 1,
      sendAt: null,
      deletion: null,
      deliveries: counts({}),
    });
    expect(await get(operator, String(answer.body['id']))).toMatchObject({ status: 200, body: answer.body });
  });

  it('refuses unknown symbols, each with its place', async () => {
    const items = [{ symbol: 'NOPE', fields: ['price'] }, lineItems[0], { symbol: 'X', fields: ['price'] }];
    const answer = await create(operator, { lineItems: items });
    expect(answer).toMatchObject({ status: 422, body: { code: 'notifications.unknown-symbol' } });
    expect(answer.body['errors']).toMatchObject([
      { pointer: '/lineItems/0/symbol' },
      { pointer: '/lineItems/2/symbol' },
    ]);
  });

  it.each<[string, object, string]>([
    ['a time to send at', { sendAt: '2026-12-01T08:00:00Z' }, '/sendAt'],
    ...refusedTexts,
  ])('refuses %s', async (_, given, pointer) => {
    const answer = await create(operator, given);
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ pointer, detail: expect.any(String) }] },
    });
  });

  it('takes 1,000 recipients', async () => {
    const recipients = Array.from({ length: 1000 }, (_, index) => to(`reader${index}@example.org`));
    expect((await create(operator, { recipients })).status).toBe(201);
  });

  it('lets a user name their own verified address, in any case, and nobody else', async () => {
    expect((await create(user, { recipients: [to('ada@example.ORG')] })).status).toBe(201);
    const others = await create(user, { recipients: [to('ada@example.org'), to('bob@example.org')] });
    expect(others).toMatchObject({ status: 403, body: { code: 'notifications.recipient-not-own' } });
    const unverified = bench.outside.person('user', { email: 'new@example.org', emailVerified: false });
    expect((await create(unverified, { recipients: [to('new@example.org')] })).status).toBe(403);
  });
});

describe('PATCH /v1/notifications/{id}', () => {
  const edit = (principal: Principal, id: string, given: object) =>
    bench.call(principal, 'PATCH', `/v1/notifications/${id}`, given);

  it('changes what is given and answers the whole draft, an edit later', async () => {
    const id = await created(operator);
    const before = (await get(operator, id)).body;
    const first = await edit(operator, id, { subject: ' Ether today ', recipients: [to('eve@example.org')] });
    const expected = { ...before, subject: 'Ether today', recipients: [to('eve@example.org')], version: 2 };
    expect(first).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(first.body).toStrictEqual(expected);
    const second = await edit(operator, id, {
      message: '',
      lineItems: [{ symbol: 'eth-usd', fields: ['price'] }],
    });
    expect(second.body).toMatchObject({
      subject: 'Ether today',
      message: '',
      lineItems: [{ symbol: 'ETH-USD', fields: ['price'], values: null }],
      version: 3,
    });
    expect((await get(operator, id)).body).toStrictEqual(second.body);
    const sent = await send(operator, id);
    expect(sent).toMatchObject({ status: 202, body: { version: 3, recipients: [to('eve@example.org')] } });
    const [owed] = (await requested()).filter(({ notificationId }) => notificationId === id);
    expect(owed).toMatchObject({ subject: 'Ether today', recipients: [to('eve@example.org')] });
  });

  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['a message that is null', { message: null }, '/message'],
    ['another status', { status: 'sent' }, '/status'],
    ...refusedTexts,
  ])('refuses %s', async (_, given, pointer) => {
    const id = await created(operator);
    const answer = await edit(operator, id, given);
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ pointer, detail: expect.any(String) }] },
    });
    expect((await get(operator, id)).body).toMatchObject({ subject: 'Bitcoin today', version: 1 });
  });

  it('refuses what would leave nothing to say', async () => {
    const id = await created(operator, { message: '' });
    expect(await edit(operator, id, { lineItems: [] })).toMatchObject({
      status: 422,
      body: { code: 'notifications.nothing-to-say', errors: [{ pointer: '/message' }] },
    });
    expect((await edit(operator, id, { lineItems: [], message: 'Hello' })).status).toBe(200);
  });

  it('refuses unknown symbols, each with its place', async () => {
    const id = await created(operator);
    const items = [lineItems[0], { symbol: 'NOPE', fields: ['price'] }];
    expect(await edit(operator, id, { lineItems: items })).toMatchObject({
      status: 422,
      body: { code: 'notifications.unknown-symbol', errors: [{ pointer: '/lineItems/1/symbol' }] },
    });
  });

  it('lets a user name their own verified address, and nobody else', async () => {
    const id = await created(user, { recipients: [] });
    expect(await edit(user, id, { recipients: [to('bob@example.org')] })).toMatchObject({
      status: 403,
      body: { code: 'notifications.recipient-not-own' },
    });
    expect((await get(user, id)).body).toMatchObject({ recipients: [], version: 1 });
    expect((await edit(user, id, { recipients: [to('ADA@example.org')] })).status).toBe(200);
  });

  it('comes too late for what is sent or deleted', async () => {
    const [sent, deleted] = [await created(operator), await created(operator)];
    await send(operator, sent);
    await bench.call(operator, 'DELETE', `/v1/notifications/${deleted}`);
    for (const id of [sent, deleted]) {
      expect(await edit(operator, id, { subject: 'Ether' })).toMatchObject({
        status: 409,
        body: { code: 'notifications.not-draft' },
      });
      expect((await get(operator, id)).body).toMatchObject({ subject: 'Bitcoin today', version: 1 });
    }
  });

  it('is shared among operators, and a 404 for what does not exist or is not to be seen', async () => {
    const id = await created(operator);
    for (const hidden of [newId(), id]) {
      expect(await edit(user, hidden, { subject: 'Ether' })).toMatchObject({
        status: 404,
        body: { code: 'notifications.not-found' },
      });
    }
    expect((await edit(bench.outside.person('operator'), id, { subject: 'Ether' })).status).toBe(200);
  });
});

describe('POST /v1/notifications/{id}/send', () => {
  it("stores the market's values with their source and time, and owes the mail to everybody", async () => {
    const id = await created(operator);
    const answer = await send(operator, id);
    expect(answer).toMatchObject({ status: 202, body: { id, status: 'pending', version: 1 } });
    expect(answer.body['lineItems']).toEqual([
      {
        symbol: 'BTC-USD',
        currency: 'USD',
        fields: ['price', 'volume24h', 'marketCap'],
        values: { price: '33000.5', volume24h: '1234567.8', marketCap: null },
        volumeUnit: 'USD',
        source: 'binance',
        asOf: '2026-11-21T10:15:30.000Z',
      },
    ]);
    const owed = (await requested()).filter(({ notificationId }) => notificationId === id);
    expect(owed).toMatchObject([
      { subject: 'Bitcoin today', alertIds: [], recipients: [to('bob@example.org')] },
    ]);
    for (const part of [owed[0]?.text, owed[0]?.html]) {
      for (const said of ['Hello', '33,000.5 USD', '1,234,567.8 USD', 'not available'])
        expect(part).toContain(said);
    }
  });

  it('replaces the stored recipients by given ones', async () => {
    const id = await created(operator);
    const answer = await send(operator, id, { recipients: [to('eve@example.org')] });
    expect(answer).toMatchObject({ status: 202, body: { recipients: [to('eve@example.org')], version: 2 } });
  });

  it('says so when the market knows nothing', async () => {
    const id = await created(operator, { lineItems: [{ symbol: 'ETH-USD', fields: ['price'] }] });
    const answer = await send(operator, id);
    expect(answer.body['lineItems']).toMatchObject([{ values: { price: null }, source: null, asOf: null }]);
    expect((await requested()).at(-1)?.text).toContain('Price: not available');
  });

  it('is possible once, also when asked twice at the same time', async () => {
    const id = await created(operator);
    const answers = await Promise.all([send(operator, id), send(operator, id)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'notifications.not-draft',
    });
    expect((await requested()).filter(({ notificationId }) => notificationId === id)).toHaveLength(1);
  });

  it('needs somebody to send to', async () => {
    const id = await created(operator, { recipients: [] });
    expect(await send(operator, id)).toMatchObject({
      status: 422,
      body: { code: 'notifications.no-recipients' },
    });
    expect((await get(operator, id)).body['status']).toBe('draft');
  });

  it('looks at the role again: who may not write to others any more sends nothing', async () => {
    const id = await created(operator);
    const demoted: Principal = { ...operator, role: 'user' };
    expect(await send(demoted, id)).toMatchObject({
      status: 403,
      body: { code: 'notifications.recipient-not-own' },
    });
    expect((await get(operator, id)).body['status']).toBe('draft');
  });

  it('is a 404 for what does not exist or is not to be seen', async () => {
    const id = await created(operator);
    for (const hidden of [newId(), id]) {
      expect(await send(user, hidden)).toMatchObject({
        status: 404,
        body: { code: 'notifications.not-found' },
      });
    }
  });
});

describe('GET /v1/notifications', () => {
  const list = (principal: Principal, query = '') =>
    bench.call(principal, 'GET', `/v1/notifications${query}`);
  const ids = (answer: { body: Record<string, unknown> }) =>
    (answer.body['items'] as { id: string }[]).map(({ id }) => id);
  const own = { recipients: [] };

  it('answers pages of what is newest, linked to each other', async () => {
    const all = [await created(user, own), await created(user, own), await created(user, own)].toReversed();
    const first = await list(user, '?per_page=2');
    expect(first.body).toMatchObject({ page: 1, perPage: 2, total: 3, totalExact: true });
    expect(first.headers['link']).toContain('</v1/notifications?per_page=2&page=2>; rel="next"');
    const second = await list(user, '?per_page=2&page=2');
    expect([...ids(first), ...ids(second)]).toEqual(all);
    expect((await list(user, '?page=9')).body).toMatchObject({ items: [], total: 3 });
  });

  it('filters by status, outstanding ones by one word', async () => {
    const draft = await created(user, own);
    const pending = await created(user, own);
    await send(user, pending, { recipients: [to('ada@example.org')] });
    expect(ids(await list(user, '?status=draft'))).toEqual([draft]);
    expect(ids(await list(user, '?status=outstanding'))).toEqual([pending]);
    expect(ids(await list(user, '?status=outstanding,draft'))).toEqual([pending, draft]);
    expect(ids(await list(user, '?status=sent,failed'))).toEqual([]);
  });

  it('filters by kind and alert', async () => {
    await created(user, own);
    expect(ids(await list(user, '?kind=alert'))).toEqual([]);
    expect(ids(await list(user, '?kind=manual'))).toHaveLength(1);
    expect(ids(await list(user, `?alertId=${newId()}`))).toEqual([]);
  });

  it.each(['status=open', 'kind=letter'])('names the allowed values instead of %s', async (query) => {
    const answer = await list(user, `?${query}`);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ parameter: query.split('=')[0] }] } });
    expect(JSON.stringify(answer.body)).toMatch(/Allowed values: (draft|manual), /);
  });

  it('shows a user their own, and to operators what each of them wrote', async () => {
    const mine = await created(user, own);
    const theirs = await created(operator);
    expect(ids(await list(user))).toEqual([mine]);
    expect(ids(await list(bench.outside.person('admin')))).toEqual(expect.arrayContaining([mine, theirs]));
    expect((await get(user, theirs)).status).toBe(404);
    expect((await get(bench.outside.person('operator'), theirs)).status).toBe(200);
  });
});

describe('An id that is none', () => {
  it('is a 422 that names the parameter', async () => {
    expect(await get(user, 'nonsense')).toMatchObject({
      status: 422,
      body: { errors: [{ parameter: 'id' }] },
    });
  });
});

describe('The OpenAPI document', () => {
  it('says that the body of sending may be left out', () => {
    const { paths } = buildOpenApi(bench.app);
    expect(paths['/v1/notifications/{id}/send']?.post?.requestBody).toMatchObject({ required: false });
    expect(Object.keys(paths['/v1/notifications/{id}']?.delete?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '202', '409']),
    );
  });
});

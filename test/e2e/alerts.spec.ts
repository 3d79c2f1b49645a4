import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Answer, type Api, type Caller, startApi } from '../support/api.ts';

interface Alert {
  readonly id: string;
  readonly symbol: string;
  readonly status: string;
  readonly version: number;
  readonly deletedAt: string | null;
}
interface AlertPage {
  readonly items: Alert[];
  readonly total: number;
}

let api: Api;
let ada: Caller;
let bob: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  bob = await api.person();
  await api.lastPrice('BTC-USD', '32000.10', 'binance', 4711);
});
afterAll(() => api.close());
// A list of one's own for every test.
beforeEach(async () => {
  ada = await api.person();
});

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const id = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

const create = (body: object, as = ada) =>
  api.call<Alert>({
    method: 'POST',
    url: '/v1/alerts',
    as,
    body: { symbol: 'BTC-USD', target: '33000', ...body },
  });
const created = async (body: object = {}, as = ada) => (await create(body, as)).body.id;
const get = (alertId: string, as = ada) => api.call<Alert>({ url: `/v1/alerts/${alertId}`, as });
const list = (query = '', as = ada) => api.call<AlertPage>({ url: `/v1/alerts${query}`, as });
const edit = (alertId: string, body: object, as = ada) =>
  api.call<Alert>({ method: 'PATCH', url: `/v1/alerts/${alertId}`, as, body });
const remove = (alertId: string, as = ada) =>
  api.call({ method: 'DELETE', url: `/v1/alerts/${alertId}`, as });
const history = (alertId: string, as = ada) =>
  api.call<{ items: { type: string }[] }>({ url: `/v1/alerts/${alertId}/history`, as });
const typesOf = async (alertId: string) => (await history(alertId)).body.items.map(({ type }) => type);
const idsOf = ({ body }: Answer<AlertPage>) => body.items.map((alert) => alert.id);

/** The pages that `Link` names, by their relation. */
function linksOf({ headers }: Answer<AlertPage>): Record<string, string> {
  const links = String(headers['link']).split(', ');
  return Object.fromEntries(
    links.map((link) => (/^<(.*)>; rel="(.*)"$/.exec(link) ?? []).slice(1).toReversed()),
  );
}

/** What the engine leaves behind when an alert fires. */
async function fire(alertId: string): Promise<void> {
  const crossing = { source: 'binance', tradeId: 4720, price: '33000.5', at: '2026-11-21T10:15:30.123Z' };
  const receipt = {
    previous: { ...crossing, tradeId: 4719, price: '32999' },
    crossing,
    condition: { operator: 'crossing', value: '33000' },
    alertVersion: 1,
    origin: 'live',
    timeline: { receivedAt: crossing.at, decidedAt: crossing.at },
  };
  await api.database.sql`
    update alerts.alerts set status = 'triggered', version = version + 1, trigger_count = 1,
      triggered_at = ${crossing.at}, triggered_price = ${'33000.50'}
    where id = ${alertId}`;
  await api.database.sql`
    insert into alerts.history (alert_id, type, at, actor, receipt)
    values (${alertId}, 'triggered', ${crossing.at}, 'engine', ${JSON.stringify(receipt)}::jsonb)`;
}

describe('POST /v1/alerts', () => {
  const anchored = {
    id,
    symbol: 'BTC-USD',
    condition: { operator: 'crossing', value: '33000' },
    direction: 'up',
    referencePrice: '32000.1',
    referenceTradeId: 4711,
    referenceAt: time,
    frequency: 'once',
    cooldown: null,
    expiresAt: null,
    note: null,
    channels: ['email'],
    status: 'active',
    version: 1,
    createdAt: time,
    triggeredAt: null,
    triggeredPrice: null,
    triggerCount: 0,
    deletedAt: null,
  };

  it('answers the alert with all its fields, anchored at the last trade', async () => {
    const { status, body } = await create({});
    expect(status).toBe(201);
    expect(body).toStrictEqual(anchored);
    expect((await get(body.id)).body).toStrictEqual(body);
  });

  it.each<[string, object, object]>([
    ['a condition in full', { target: undefined, condition: { operator: 'crossing', value: '33000' } }, {}],
    ['a number', { target: 33000.5 }, { condition: { operator: 'crossing', value: '33000.5' } }],
    ['trailing zeros', { target: '33000.500' }, { condition: { operator: 'crossing', value: '33000.5' } }],
    [
      'the smallest price',
      { target: '0.00000001' },
      { condition: { operator: 'crossing', value: '0.00000001' }, direction: 'down' },
    ],
    [
      'the largest price',
      { target: '1000000000' },
      { condition: { operator: 'crossing', value: '1000000000' } },
    ],
    [
      'a level below',
      { target: '31000' },
      { condition: { operator: 'crossing', value: '31000' }, direction: 'down' },
    ],
    ['an alias', { symbol: 'btc' }, {}],
    ["the exchange's name of it", { symbol: ' BtcUsdt ' }, {}],
    ['a note', { note: "sell? 🚀 'quoted'; --\nand more" }, { note: "sell? 🚀 'quoted'; --\nand more" }],
    [
      'all that it is by default',
      { frequency: 'once', cooldown: 'PT1H', expiresAt: null, note: null, channels: ['email'] },
      {},
    ],
  ])('takes %s', async (_, given, expected) => {
    const { status, body } = await create(given);
    expect(status).toBe(201);
    expect(body).toStrictEqual({ ...anchored, ...expected });
  });

  it('leaves direction and reference open where no price is known yet', async () => {
    const { body } = await create({ symbol: 'ETH-USD' });
    const open = { direction: null, referencePrice: null, referenceTradeId: null, referenceAt: null };
    expect(body).toStrictEqual({ ...anchored, ...open, symbol: 'ETH-USD' });
  });

  it('tells the others of the new alert in the same transaction', async () => {
    const alertId = await created();
    const events = await api.database.sql`
      select type, payload from platform.outbox where payload->>'alertId' = ${alertId}`;
    expect(events).toEqual([
      { type: 'alerts.alert-created.v1', payload: { alertId, userId: ada.id, symbol: 'BTC-USD' } },
    ]);
  });
});

describe('GET /v1/alerts', () => {
  it('answers an empty first page to whoever has none', async () => {
    const answer = await list();
    expect(answer.body).toStrictEqual({ items: [], page: 1, perPage: 10, total: 0, totalExact: true });
    const first = '/v1/alerts?page=1&per_page=10';
    expect(linksOf(answer)).toEqual({ first, last: first });
  });

  it('lists newest first, ten a page by default', async () => {
    const ids: string[] = [];
    for (let target = 1; target <= 12; target++) ids.unshift(await created({ target }));
    const first = await list();
    expect(idsOf(first)).toEqual(ids.slice(0, 10));
    expect(first.body).toMatchObject({ page: 1, perPage: 10, total: 12, totalExact: true });
    expect(idsOf(await list('?page=2'))).toEqual(ids.slice(10));
    expect(idsOf(await list('?page=3'))).toEqual([]);
    expect(idsOf(await list('?per_page=100'))).toEqual(ids);
  });

  it('leads from page to page by `Link`, keeping the filters', async () => {
    const ids: string[] = [];
    for (let target = 1; target <= 5; target++) ids.unshift(await created({ target }));
    const pageOf = (page: number) => `/v1/alerts?status=active%2Cdeleted&symbol=btc&per_page=2&page=${page}`;
    const query = '?status=active,deleted&symbol=btc&per_page=2';
    expect(linksOf(await list(query))).toEqual({ first: pageOf(1), next: pageOf(2), last: pageOf(3) });

    const seen: string[] = [];
    for (let url: string | undefined = `/v1/alerts${query}`; url;) {
      const answer: Answer<AlertPage> = await api.call<AlertPage>({ url, as: ada });
      seen.push(...idsOf(answer));
      url = linksOf(answer)['next'];
    }
    expect(seen).toEqual(ids);

    const middle = linksOf(await list(`${query}&page=2`));
    expect(middle).toEqual({ first: pageOf(1), prev: pageOf(1), next: pageOf(3), last: pageOf(3) });
    expect(linksOf(await list(`${query}&page=3`))).toEqual({
      first: pageOf(1),
      prev: pageOf(2),
      last: pageOf(3),
    });
    // Beyond the end the way back leads to where there is something.
    expect(linksOf(await list(`${query}&page=9`))).toEqual({
      first: pageOf(1),
      prev: pageOf(3),
      last: pageOf(3),
    });
  });

  it('filters by status and symbol, several of each, and by both', async () => {
    const [active, gone, fired] = [await created(), await created(), await created()];
    const ether = await created({ symbol: 'ETH-USD' });
    await remove(gone);
    await fire(fired);
    expect(idsOf(await list())).toEqual([ether, fired, gone, active]);
    expect(idsOf(await list('?status=active'))).toEqual([ether, active]);
    expect(idsOf(await list('?status=triggered,%20deleted'))).toEqual([fired, gone]);
    expect(idsOf(await list('?status=paused,expired'))).toEqual([]);
    expect(idsOf(await list('?symbol=eth'))).toEqual([ether]);
    expect(idsOf(await list('?symbol=ETHUSDT,BTC-USD'))).toEqual([ether, fired, gone, active]);
    expect(idsOf(await list('?status=active&symbol=btc'))).toEqual([active]);
    expect((await list('?status=active&symbol=btc')).body.total).toBe(1);
  });

  it.each(['?status=', '?symbol=', '?status=,&symbol=,'])('filters by nothing for %s', async (query) => {
    const alertId = await created();
    expect(idsOf(await list(query))).toEqual([alertId]);
  });

  it("shows nobody else's, not to an administrator either", async () => {
    const mine = await created();
    const theirs = await created({}, bob);
    const admin = await api.person('admin');
    expect(idsOf(await list())).toEqual([mine]);
    expect(idsOf(await list('', bob))).toContain(theirs);
    expect(idsOf(await list('?status=active', bob))).not.toContain(mine);
    expect((await list('', admin)).body).toMatchObject({ items: [], total: 0 });
  });
});

describe('GET /v1/alerts/{id}', () => {
  it('shows what fired, with the traded price', async () => {
    const alertId = await created();
    await fire(alertId);
    expect((await get(alertId)).body).toMatchObject({
      status: 'triggered',
      version: 2,
      triggeredAt: '2026-11-21T10:15:30.123Z',
      triggeredPrice: '33000.5',
      triggerCount: 1,
      condition: { value: '33000' },
    });
  });

  it('takes an id in any case', async () => {
    const alertId = await created();
    expect((await get(alertId.toUpperCase())).body.id).toBe(alertId);
  });
});

describe('PATCH /v1/alerts/{id}', () => {
  it('changes the note and nothing else', async () => {
    const { body: before } = await create({ note: 'sell?' });
    const answer = await edit(before.id, { note: 'hold' });
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(answer.body).toStrictEqual({ ...before, note: 'hold', version: 2 });
    expect((await edit(before.id, { note: null })).body).toStrictEqual({ ...before, note: null, version: 3 });
    expect((await get(before.id)).body).toStrictEqual({ ...before, note: null, version: 3 });
    expect(await typesOf(before.id)).toEqual(['created', 'edited', 'edited']);
  });

  it.each([{ target: '31000' }, { condition: { operator: 'crossing', value: 31000.0 } }])(
    'moves the level with %j and starts it at the last trade',
    async (level) => {
      const { body: before } = await create({ symbol: 'SOL-USD', target: '33000' });
      expect(before).toMatchObject({ direction: null, referenceTradeId: null });
      await api.lastPrice('SOL-USD', '32500.5', 'binance', 7);
      const { status, body } = await edit(before.id, level);
      expect(status).toBe(200);
      expect(body).toStrictEqual({
        ...before,
        condition: { operator: 'crossing', value: '31000' },
        direction: 'down',
        referencePrice: '32500.5',
        referenceTradeId: 7,
        referenceAt: time,
        version: 2,
      });
      await api.database.sql`delete from market_data.last_ticks where symbol = 'SOL-USD'`;
    },
  );

  it('opens the reference where no live price is known', async () => {
    const alertId = await created({ symbol: 'ETH-USD', target: '3000' });
    const open = { direction: null, referencePrice: null, referenceTradeId: null, referenceAt: null };
    expect((await edit(alertId, { target: '4000' })).body).toMatchObject({ ...open, version: 2 });
  });

  it('pauses it, lists it so, and lets it go on', async () => {
    const alertId = await created();
    expect(idsOf(await list('?status=active'))).toEqual([alertId]);
    expect((await edit(alertId, { status: 'paused' })).body).toMatchObject({ status: 'paused', version: 2 });
    expect(idsOf(await list('?status=paused'))).toEqual([alertId]);
    expect(idsOf(await list('?status=active'))).toEqual([]);
    expect((await edit(alertId, { status: 'active' })).body).toMatchObject({ status: 'active', version: 3 });
    const both = await edit(alertId, { status: 'paused', target: '34000', note: 'later' });
    expect(both.body).toMatchObject({ status: 'paused', note: 'later', condition: { value: '34000' } });
    expect(await typesOf(alertId)).toEqual(['created', 'paused', 'resumed', 'edited', 'paused']);
  });

  it('changes nothing, not the version either, when nothing is new', async () => {
    const { body: before } = await create({});
    const answer = await edit(before.id, { target: '33000.0', note: null, status: 'active' });
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect(answer.body).toStrictEqual(before);
    expect(await typesOf(before.id)).toEqual(['created']);
  });

  it('refuses a target at the last price, also when a pause ends there', async () => {
    const alertId = await created();
    const atPrice = (pointer: string) => ({
      status: 422,
      body: { code: 'alerts.target-at-price', errors: [{ pointer }] },
    });
    expect(await edit(alertId, { target: '32000.1' })).toMatchObject(atPrice('/target'));
    const condition = { operator: 'crossing', value: '32000.10' };
    expect(await edit(alertId, { condition })).toMatchObject(atPrice('/condition/value'));
    await edit(alertId, { status: 'paused' });
    await api.database.sql`update alerts.alerts set target = 32000.1 where id = ${alertId}`;
    expect(await edit(alertId, { status: 'active' })).toMatchObject(atPrice('/status'));
    expect((await get(alertId)).body).toMatchObject({ status: 'paused', version: 2 });
  });

  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['an unknown property', { symbol: 'ETH-USD' }, '/symbol'],
    ['a status that is not theirs to give', { status: 'triggered' }, '/status'],
    ['a target that is null', { target: null }, '/target'],
    ['a target of zero', { target: '0' }, '/target'],
    [
      'more decimals than a price has',
      { condition: { operator: 'crossing', value: '0.000000001' } },
      '/condition/value',
    ],
    ['an unsupported operator', { condition: { operator: 'near', value: '1' } }, '/condition/operator'],
    [
      'both target and condition',
      { target: '1', condition: { operator: 'crossing', value: '1' } },
      '/target',
    ],
    ['a note that is too long', { note: 'x'.repeat(1001) }, '/note'],
    ['a note with NUL', { note: 'sell\0' }, '/note'],
  ])('refuses %s', async (_, given, pointer) => {
    const { body: before } = await create({});
    expect(await edit(before.id, given)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
    expect((await get(before.id)).body).toStrictEqual(before);
  });

  it('comes too late for what has fired or is deleted', async () => {
    const [fired, gone] = [await created(), await created()];
    await fire(fired);
    await remove(gone);
    for (const alertId of [fired, gone]) {
      for (const changes of [{ note: 'sell?' }, { status: 'active' }, { target: '40000' }]) {
        expect(await edit(alertId, changes)).toMatchObject({
          status: 409,
          body: { code: 'alerts.not-editable' },
        });
      }
    }
  });
});

describe('DELETE /v1/alerts/{id}', () => {
  it('deletes at once and answers the same however often it is asked', async () => {
    const alertId = await created();
    for (const _ of [1, 2, 3]) {
      expect(await remove(alertId)).toMatchObject({ status: 204, body: undefined });
    }
    const { body } = await get(alertId);
    expect(body).toMatchObject({ status: 'deleted', deletedAt: time, version: 2 });
    expect(idsOf(await list('?status=deleted'))).toEqual([alertId]);
    expect((await history(alertId)).body.items).toHaveLength(2);
  });

  it('deletes once, of many at the same time', async () => {
    const alertId = await created();
    const answers = await Promise.all(Array.from({ length: 8 }, () => remove(alertId)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 204));
    expect((await history(alertId)).body.items).toHaveLength(2);
    expect((await get(alertId)).body.version).toBe(2);
  });

  it('deletes what has fired, and keeps that it had', async () => {
    const alertId = await created();
    await fire(alertId);
    expect((await remove(alertId)).status).toBe(204);
    expect((await get(alertId)).body).toMatchObject({
      status: 'deleted',
      triggeredPrice: '33000.5',
      triggerCount: 1,
    });
  });

  it('takes an id in any case', async () => {
    const alertId = await created();
    expect((await remove(alertId.toUpperCase())).status).toBe(204);
    expect((await get(alertId)).body.status).toBe('deleted');
  });

  it('says which message is just being handed over', async () => {
    const alertId = await created();
    const [delivery, message, attempt] = [newId(), newId(), newId()];
    await api.database.sql`insert into delivery.sources (type, id) values ('alert', ${alertId})`;
    await api.database.sql`
      insert into delivery.messages (id, notification_id, subject, text, html)
      values (${message}, ${newId()}, '', '', '')`;
    await api.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, channel, recipient, status, message_id_header, claim_token, worker_id)
      values (${delivery}, ${message}, ${newId()}, 'email', 'ada@example.org', 'sending', '<1@x>', 1, 1)`;
    await api.database.sql`
      insert into delivery.delivery_sources values ('alert', ${alertId}, ${delivery})`;
    await api.database.sql`
      insert into delivery.attempts (id, delivery_id, number, worker_id, provider)
      values (${attempt}, ${delivery}, 1, 1, 'smtp')`;
    for (const spelling of [alertId, alertId.toUpperCase()]) {
      expect(await remove(spelling)).toMatchObject({ status: 202, body: { inFlight: [attempt] } });
    }
    expect((await get(alertId)).body.status).toBe('deleted');
    await api.database
      .sql`update delivery.deliveries set status = 'sent', worker_id = null where id = ${delivery}`;
    expect((await remove(alertId)).status).toBe(204);
  });
});

describe('GET /v1/alerts/{id}/history', () => {
  it('tells what happened, oldest first, with the receipt of the firing', async () => {
    const alertId = await created();
    await fire(alertId);
    await remove(alertId);
    const { body } = await history(alertId);
    expect(body).toStrictEqual({
      items: [
        { type: 'created', at: time, actor: 'user' },
        {
          type: 'triggered',
          at: '2026-11-21T10:15:30.123Z',
          actor: 'engine',
          receipt: {
            previous: {
              source: 'binance',
              tradeId: 4719,
              price: '32999',
              at: '2026-11-21T10:15:30.123Z',
            },
            crossing: {
              source: 'binance',
              tradeId: 4720,
              price: '33000.5',
              at: '2026-11-21T10:15:30.123Z',
            },
            condition: { operator: 'crossing', value: '33000' },
            alertVersion: 1,
            origin: 'live',
            timeline: { receivedAt: '2026-11-21T10:15:30.123Z', decidedAt: '2026-11-21T10:15:30.123Z' },
            notificationId: null,
          },
        },
        { type: 'deleted', at: time, actor: 'user' },
      ],
    });
  });
});

describe("another person's alert", () => {
  it('is not found, whoever asks and whatever for, and stays as it is', async () => {
    const alertId = await created();
    const before = (await get(alertId)).body;
    for (const stranger of [bob, await api.person('operator'), await api.person('admin')]) {
      for (const answer of [
        await get(alertId, stranger),
        await edit(alertId, { note: 'mine' }, stranger),
        await remove(alertId, stranger),
        await history(alertId, stranger),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'alerts.not-found' } });
      }
    }
    expect((await get(alertId)).body).toStrictEqual(before);
    expect((await history(alertId)).body.items).toHaveLength(1);
  });

  it('is answered like one that never was', async () => {
    const theirs = await get(await created({}, bob));
    const none = await get(newId());
    const { instance: _, ...problem } = { ...theirs.body } as Record<string, unknown>;
    expect(none.body).toMatchObject(problem);
  });
});

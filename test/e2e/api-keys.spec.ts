import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { scopes } from '#platform/http';
import { type Answer, type Api, type Caller, type Request, startApi } from '../support/api.ts';
import { tablesWith } from '../support/find-in-database.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly key: string;
  readonly lastUsedAt: string | null;
}
interface KeyPage {
  readonly items: Key[];
  readonly total: number;
}

let api: Api;
let ada: Caller;
let admin: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off', HOST: '127.0.0.1' });
  ada = await api.person('user', 'ada@example.org');
  admin = await api.person('admin');
});
afterAll(() => api.close());

const url = '/v1/api-keys';
const wanted = { name: 'Home', scopes: ['alerts:read'] };
const make = (body: object = {}, as = ada) =>
  api.call<Key>({ method: 'POST', url, as, body: { ...wanted, ...body } });
const revoke = (id: string, as = ada) => api.call({ method: 'DELETE', url: `${url}/${id}`, as });
const listed = async (query = '', as = ada) => (await api.call<KeyPage>({ url: `${url}?${query}`, as })).body;
/** A request of a program that has only the key. */
const using = ({ key }: Key, path = '/v1/alerts', method: Request['method'] = 'GET') =>
  api.call({ method, url: path, headers: { authorization: `Bearer ${key}` } });
const alphabetically = (one: unknown, other: unknown) => String(one).localeCompare(String(other));
const entriesOf = (keyId: string) => api.database.sql<{ type: string }>`
  select type, user_id as "userId", actor_id as "actorId", host(address::inet) as address, details - 'keyId' as details
  from identity.audit where details ->> 'keyId' = ${keyId} order by id`;

describe('an API key', () => {
  it('is shown once, and is known by its beginning afterwards', async () => {
    const { status, headers, body } = await make({ name: ' Home automation ' });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(body).toEqual({
      id: expect.any(String),
      name: 'Home automation',
      scopes: ['alerts:read'],
      symbols: null,
      expiresAt: null,
      createdAt: expect.any(String),
      lastUsedAt: null,
      prefix: body.key.slice(0, 12),
      key: expect.stringMatching(/^tocsin_[\w-]{43}$/),
    });
    const { key: _, ...known } = body;
    expect((await listed()).items[0]).toEqual(known);
  });

  it('is nowhere in the database, also when its creation named an idempotency key', async () => {
    const request = { method: 'POST', url, as: ada, body: wanted } as const;
    const headers = { 'idempotency-key': newId() };
    const first = await api.call<Key>({ ...request, headers });
    const second = await api.call<Key>({ ...request, headers });
    expect(second.body.id).not.toBe(first.body.id);
    const { key, prefix } = first.body;
    for (const trace of [key, key.slice(12), Buffer.from(key).toString('hex')]) {
      expect(await tablesWith(api.database, trace)).toEqual([]);
    }
    expect(await tablesWith(api.database, prefix)).toEqual(['identity.api_keys']);
  });

  it("acts for its owner: another's alerts are not there", async () => {
    const alert = { symbol: 'BTC-USD', target: '33000' };
    const { body: created } = await api.call({ method: 'POST', url: '/v1/alerts', as: admin, body: alert });
    const path = `/v1/alerts/${String(created['id'])}`;
    expect((await using((await make()).body, path)).status).toBe(404);
    expect((await using((await make({}, admin)).body, path)).status).toBe(200);
  });

  it("is refused at once when it is revoked, and is nobody else's to revoke", async () => {
    const { body: key } = await make();
    expect((await using(key)).status).toBe(200);
    expect(await revoke(key.id, admin)).toMatchObject({
      status: 404,
      body: { code: 'identity.key-not-found' },
    });
    expect((await using(key)).status).toBe(200);
    expect(await revoke(key.id)).toMatchObject({ status: 204, body: undefined });
    expect(await using(key)).toMatchObject({ status: 401, body: { code: 'identity.key-invalid' } });
    expect((await revoke(key.id)).status).toBe(404);
  });

  it('is refused once it has expired', async () => {
    const { body: key } = await make({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
    expect((await using(key)).status).toBe(200);
    await api.database.sql`update identity.api_keys set expires_at = now() where id = ${key.id}`;
    expect(await using(key)).toMatchObject({ status: 401, body: { code: 'identity.key-expired' } });
  });

  it('is refused while its owner is banned', async () => {
    const bob = await api.person();
    const { body: key } = await make({}, bob);
    await api.database.sql`update identity.users set banned_at = now() where id = ${bob.id}`;
    expect(await using(key)).toMatchObject({ status: 403, body: { code: 'identity.banned' } });
    await api.database.sql`update identity.users set banned_at = null where id = ${bob.id}`;
    expect((await using(key)).status).toBe(200);
  });

  it.each([
    ['that was never given', (key: string) => `tocsin_${key.slice(7).split('').toReversed().join('')}`],
    ['without its end', (key: string) => key.slice(0, -1)],
    ['with more at its end', (key: string) => `${key}A`],
    ['of which only the beginning is left', () => 'tocsin_'],
    ['with a character that none has', (key: string) => `${key.slice(0, -1)}%`],
  ])('%s is refused', async (_, changed) => {
    const { body: key } = await make();
    expect(await using({ ...key, key: changed(key.key) })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { code: 'identity.key-invalid' },
    });
  });

  it('does not open the way to another: keys are made, seen and revoked in a session', async () => {
    const { body: key } = await make({ scopes: scopes.filter((scope) => scope !== 'ticks:write') });
    const asked: Answer[] = [await using(key, url), await using(key, url, 'POST')];
    for (const answer of asked) {
      expect(answer).toMatchObject({ status: 403, body: { code: 'identity.session-required' } });
    }
  });

  it('knows when it was last used, to a minute', async () => {
    const { body: key } = await make();
    const lastUse = async () => (await listed()).items.find(({ id }) => id === key.id)?.lastUsedAt;
    await Promise.all([using(key), using(key)]);
    const first = await lastUse();
    expect(Date.now() - new Date(first ?? 0).getTime()).toBeLessThan(30_000);
    await using(key);
    expect(await lastUse()).toBe(first);
    await api.database.sql`
      update identity.api_keys set last_used_at = last_used_at - interval '1 minute' where id = ${key.id}`;
    await using(key);
    expect(new Date((await lastUse()) ?? 0).getTime()).toBeGreaterThanOrEqual(new Date(first ?? 0).getTime());
  });

  it('is written down when it is made and revoked, without the key', async () => {
    const { body: key } = await make({ name: 'Car' });
    await revoke(key.id);
    const entry = { userId: ada.id, actorId: ada.id, address: '127.0.0.1' };
    expect(await entriesOf(key.id)).toEqual([
      { ...entry, type: 'api-key-created', details: { name: 'Car', scopes: ['alerts:read'], symbols: null } },
      { ...entry, type: 'api-key-revoked', details: { name: 'Car' } },
    ]);
  });
});

describe('keys', () => {
  it('are listed to their owner, newest first', async () => {
    const bob = await api.person();
    const names = ['one', 'two', 'three'];
    for (const name of names) await make({ name }, bob);
    const answer = await api.call<KeyPage>({ url: `${url}?page=2&per_page=2`, as: bob });
    expect(answer.body).toMatchObject({
      items: [{ name: 'one' }],
      page: 2,
      perPage: 2,
      total: 3,
      totalExact: true,
    });
    expect(answer.headers['link']).toContain('page=1&per_page=2>; rel="prev"');
    expect((await listed('', bob)).items.map(({ name }) => name)).toEqual(names.toReversed());
    expect(JSON.stringify(await listed('', bob))).not.toContain('"key"');
  });

  it('are a hundred at most, also when many are asked for at once', async () => {
    const bob = await api.person();
    await api.database.sql`
      insert into identity.api_keys (id, user_id, name, prefix, token_hash, scopes)
      select gen_random_uuid(), ${bob.id}, 'many', 'tocsin_', sha256(n::text::bytea), array['alerts:read']
      from generate_series(1, 98) as n`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => make({}, bob)));
    expect(answers.map(({ status }) => status).toSorted(alphabetically)).toEqual([201, 201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'identity.too-many-keys',
    });
    expect((await listed('', bob)).total).toBe(100);
  });

  it('take a time of any offset at which they end', async () => {
    const { body } = await make({ expiresAt: '2100-01-01T01:00:00.5+01:00' });
    expect(body).toMatchObject({ expiresAt: '2100-01-01T00:00:00.500Z' });
  });
});

describe('a key that submits ticks', () => {
  const ticks = { scopes: ['ticks:write'], symbols: ['AAPL'] };

  it("is an administrator's only, as the account is at that moment", async () => {
    expect(await make(ticks)).toMatchObject({ status: 403, body: { code: 'identity.ticks-by-admin-only' } });
    const bob = await api.person('admin');
    await api.database.sql`update identity.users set role = 'operator' where id = ${bob.id}`;
    expect((await make(ticks, bob)).status).toBe(403);
  });

  it('names its symbols, in upper case', async () => {
    const { body } = await make({ ...ticks, symbols: ['aapl', ' brk.b '] }, admin);
    expect(body).toMatchObject({ symbols: ['AAPL', 'BRK.B'] });
    expect(await entriesOf(body.id)).toMatchObject([{ details: { symbols: ['AAPL', 'BRK.B'] } }]);
  });

  it.each(['BTC-USD', 'btc', 'BTCUSDT', 'demo-usd'])(
    'cannot be of %s, whose prices come from a feed',
    async (symbol) => {
      expect(await make({ ...ticks, symbols: ['AAPL', symbol] }, admin)).toMatchObject({
        status: 422,
        body: { code: 'identity.symbol-fed', errors: [{ pointer: '/symbols/1' }] },
      });
    },
  );
});

describe('bad input', () => {
  const pointers = ({ body }: Answer<unknown>) =>
    ((body as { errors?: { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer);

  it.each<[string, object, ...string[]]>([
    ['no name', { name: undefined }, '/name'],
    ['an empty name', { name: ' ' }, '/name'],
    ['a long name', { name: 'x'.repeat(101) }, '/name'],
    ['a name of two lines', { name: 'a\nb' }, '/name'],
    ['a name with NUL', { name: 'a\0' }, '/name'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['no scopes', { scopes: undefined }, '/scopes'],
    ['a scope twice', { scopes: ['alerts:read', 'alerts:read'] }, '/scopes/1'],
    ['an unknown scope', { scopes: ['alerts:read', 'everything'] }, '/scopes/1'],
    ['a scope of every object', { scopes: ['constructor'] }, '/scopes/0'],
    ['ticks of nothing', { scopes: ['ticks:write'] }, '/symbols'],
    ['ticks of no symbol', { scopes: ['ticks:write'], symbols: [] }, '/symbols'],
    ['ticks of null', { scopes: ['ticks:write'], symbols: null }, '/symbols'],
    ['symbols without ticks', { symbols: ['AAPL'] }, '/symbols'],
    ['a symbol twice', { scopes: ['ticks:write'], symbols: ['AAPL', 'aapl'] }, '/symbols/1'],
    ['a symbol of two words', { scopes: ['ticks:write'], symbols: ['AA PL'] }, '/symbols/0'],
    ['a long symbol', { scopes: ['ticks:write'], symbols: ['A'.repeat(33)] }, '/symbols/0'],
    [
      'too many symbols',
      { scopes: ['ticks:write'], symbols: Array.from({ length: 101 }, (_, index) => `A${index}`) },
      '/symbols',
    ],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['an end without offset', { expiresAt: '2100-01-01T00:00:00' }, '/expiresAt'],
    ['an end that is no time', { expiresAt: 'tomorrow' }, '/expiresAt'],
    ['an end on a day that is none', { expiresAt: '2100-02-30T00:00:00Z' }, '/expiresAt'],
    ['an end after the year 9999', { expiresAt: '9999-12-31T23:59:59-23:00' }, '/expiresAt'],
    ['an end that is a number', { expiresAt: 4_102_444_800 }, '/expiresAt'],
    [
      'what only the api says',
      { key: 'tocsin_', prefix: 'x', userId: newId() },
      '/key',
      '/prefix',
      '/userId',
    ],
  ])('makes no key: %s', async (_, changed, ...places) => {
    const { total } = await listed('', admin);
    const answer = await make(changed, admin);
    expect([answer.status, ...pointers(answer)]).toEqual([422, ...places]);
    expect((await listed('', admin)).total).toBe(total);
  });

  it('names the scopes that there are', async () => {
    const { body } = await make({ scopes: ['all'] });
    expect(JSON.stringify(body)).toContain(`Allowed values: ${scopes.join(', ')}.`);
  });

  it.each(['7', newId().slice(1), '%00'])('revokes nothing by the id %s', async (id) => {
    expect((await revoke(id)).status).toBe(422);
  });
});

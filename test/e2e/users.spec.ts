import { QueryBus } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { FindContacts, HoldAccounts } from '#libs/identity/contracts';
import type { Role } from '#platform/http';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface User {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly status: string;
  readonly lastSignInAt: string | null;
  readonly bannedAt: string | null;
}
interface UserPage {
  readonly items: User[];
  readonly total: number;
}

/** Two apis on one database: what one changes holds at the other. */
let here: Api;
let there: Api;
let admin: Caller;

beforeAll(async () => {
  const environment = { RATE_LIMIT: 'off', HOST: '127.0.0.1' };
  here = await startApi(inject('postgresUrl'), environment);
  const DATABASE_URL = here.config.databaseUrl ?? '';
  there = await startApi(inject('postgresUrl'), { ...environment, DATABASE_URL });
  admin = await here.person('admin', 'grace@example.org');
});
afterAll(async () => {
  await there.close();
  await here.close();
});

const url = '/v1/users';
const edit = (id: string, body: object, as = admin) =>
  here.call<User>({ method: 'PATCH', url: `${url}/${id}`, as, body });
const read = (id: string) => here.call<User>({ url: `${url}/${id}`, as: admin });
const list = async (query: string) => (await here.call<UserPage>({ url: `${url}?${query}`, as: admin })).body;
const logIn = ({ email, password }: Caller, api = here) =>
  api.call<{ accessToken: string; code: string }>({
    method: 'POST',
    url: '/v1/auth/login',
    body: { email, password },
  });
const alertsOf = (as: Caller, api: Api) => api.call({ url: '/v1/alerts', as });
const refresh = ({ refreshToken }: Caller, api = there) =>
  api.call({ method: 'POST', url: '/v1/auth/refresh', body: { refreshToken } });
const keyOf = async (as: Caller, body: object = {}) => {
  const request = { name: 'Home', scopes: ['alerts:read'], ...body };
  const answer = await here.call({ method: 'POST', url: '/v1/api-keys', as, body: request });
  return { ...as, accessToken: String(answer.body['key']) };
};
const page = { host: 'tocsin.test', origin: 'http://tocsin.test' };
/** The cookie of a page that somebody logged in to. */
const cookieOf = async ({ email, password }: Caller) => {
  const body = { email, password };
  const answer = await here.call({ method: 'POST', url: '/v1/auth/web-session', body, headers: page });
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
};
const entriesAbout = (userId: string) => here.database.sql<{ type: string }>`
  select type, actor_id as "actorId", details from identity.audit
  where user_id = ${userId} and type not in ('registered', 'signed-in') order by id`;
const sessionsOf = (userId: string) =>
  here.database.sql`select id from identity.sessions where user_id = ${userId}`;

/** Has requests come while a transaction is under way, which goes on and ends when all of them wait for it. */
async function meeting<T>(
  hold: () => Promise<unknown>,
  come: () => Promise<T>[],
  goOn = async () => {},
): Promise<T[]> {
  const holding = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const transaction = here.database.transaction(async () => {
    await hold();
    holding.resolve();
    await over.promise;
    await goOn();
  });
  await holding.promise;
  const requests = come();
  const waiting = () => here.database.sql`
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(requests.length);
  over.resolve();
  await transaction;
  return Promise.all(requests);
}

describe('accounts', () => {
  it('are read by administrators only, in a session', async () => {
    const key = await keyOf(admin);
    for (const as of [await here.person('user'), await here.person('operator'), key]) {
      for (const path of [url, `${url}/${admin.id}`])
        expect((await here.call({ url: path, as })).status).toBe(403);
      expect((await edit(admin.id, { role: 'user' }, as)).status).toBe(403);
    }
    expect((await read(admin.id)).body.role).toBe('admin');
  });

  it('are told as they are, without what opens them', async () => {
    const ada = await here.person('operator', 'ada@example.org');
    const { body } = await read(ada.id);
    expect(body).toEqual({
      id: ada.id,
      email: 'ada@example.org',
      name: null,
      role: 'operator',
      status: 'active',
      emailVerified: true,
      createdAt: expect.any(String),
      lastSignInAt: expect.any(String),
      bannedAt: null,
    });
    expect((await list('q=ada@')).items).toEqual([body]);
  });

  it('are found by role, status and part of the address or the name, newest first', async () => {
    const one = await here.person('operator', 'fifty%off@filter.example');
    const two = await here.person('operator', 'fifty_off@filter.example');
    const three = await here.person('user', 'other@filter.example');
    await here.database.sql`update identity.users set name = 'Łukasz Off' where id = ${three.id}`;
    await edit(two.id, { banned: true });
    const found = async (query: string) => (await list(query)).items.map(({ email }) => email.split('@')[0]);
    expect(await found('q=FILTER.example')).toEqual(['other', 'fifty_off', 'fifty%off']);
    expect(await found('q=filter.example&role=operator')).toEqual(['fifty_off', 'fifty%off']);
    expect(await found('q=filter.example&status=active')).toEqual(['other', 'fifty%off']);
    expect(await found('q=filter.example&status=banned,active&role=user,admin')).toEqual(['other']);
    expect(await found('q=%25off')).toEqual(['fifty%off']);
    expect(await found('q=y_off')).toEqual(['fifty_off']);
    expect(await found(`q=${encodeURIComponent('łukasz')}`)).toEqual(['other']);
    expect(await found(`q=${encodeURIComponent('\\')}`)).toEqual([]);
    const last = await here.call<UserPage>({ url: `${url}?q=filter.example&page=3&per_page=1`, as: admin });
    expect(last.body).toMatchObject({ items: [{ id: one.id }], total: 3, totalExact: true });
    expect(last.headers['link']).toContain('page=2&per_page=1>; rel="prev"');
  });

  it.each([
    ['role=boss', 'role', 'Allowed values: user, operator, admin.'],
    ['status=gone', 'status', 'Allowed values: active, banned.'],
    [`q=${'x'.repeat(101)}`, 'q', 'Give at most 100 characters.'],
    ['q=%00', 'q', 'Give a text without NUL characters.'],
    ['per_page=101', 'per_page', 'Give a whole number from 1 to 100.'],
    ['email=ada', 'email', 'Unknown property.'],
  ])('are not listed by %s', async (query, parameter, detail) => {
    expect(await here.call({ url: `${url}?${query}`, as: admin })).toMatchObject({
      status: 422,
      body: { errors: [{ parameter, detail }] },
    });
  });

  it.each<[string, object, string]>([
    ['nothing', {}, ''],
    ['a role that is none', { role: 'boss' }, '/role'],
    ['a role that is null', { role: null }, '/role'],
    ['a ban that is text', { banned: 'yes' }, '/banned'],
    ['an address', { email: 'other@example.org' }, '/email'],
  ])('are not changed by %s', async (_, body, pointer) => {
    expect(await edit(admin.id, body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  it('that do not exist are not found', async () => {
    expect(await read(newId())).toMatchObject({ status: 404, body: { code: 'identity.user-not-found' } });
    expect((await edit(newId(), { banned: true })).status).toBe(404);
    expect((await read('7')).status).toBe(422);
  });
});

describe('another role', () => {
  it('ends all sessions at once on every api, and is there after the next login', async () => {
    const ada = await here.person('user');
    expect((await alertsOf(ada, there)).status).toBe(200);
    const { body } = await edit(ada.id, { role: 'operator' });
    expect(body).toMatchObject({ role: 'operator', status: 'active' });
    expect((await alertsOf(ada, here)).body['code']).toBe('identity.session-ended');
    expect((await alertsOf(ada, there)).status).toBe(401);
    expect((await refresh(ada)).status).toBe(401);
    expect((await logIn(ada, there)).status).toBe(200);
    expect(await entriesAbout(ada.id)).toEqual([
      { type: 'role-changed', actorId: admin.id, details: { from: 'user', to: 'operator' } },
    ]);
  });

  it('that somebody has already changes nothing', async () => {
    const ada = await here.person('user');
    await edit(ada.id, { role: 'user', banned: false });
    expect((await alertsOf(ada, here)).status).toBe(200);
    expect(await entriesAbout(ada.id)).toEqual([]);
  });

  it('takes from an administrator the keys that submit ticks, and no others', async () => {
    const ada = await here.person('admin');
    const reads = await keyOf(ada);
    const submits = await keyOf(ada, { scopes: ['ticks:write', 'alerts:read'], symbols: ['AAPL'] });
    expect((await alertsOf(submits, there)).status).toBe(200);
    await edit(ada.id, { role: 'operator' });
    expect((await alertsOf(submits, there)).body['code']).toBe('identity.key-invalid');
    expect((await alertsOf(reads, there)).status).toBe(200);
    expect((await entriesAbout(ada.id)).at(-1)).toMatchObject({ type: 'api-key-revoked', actorId: admin.id });
  });

  it('is not taken from oneself', async () => {
    for (const body of [{ role: 'user' }, { role: 'operator', banned: false }, { banned: true }]) {
      expect(await edit(admin.id, body)).toMatchObject({ status: 409, body: { code: 'identity.own-role' } });
    }
    expect((await edit(admin.id, { role: 'admin', banned: false })).status).toBe(200);
    expect((await alertsOf(admin, here)).status).toBe(200);
  });

  it('is not taken from each other by two: one of them is left', async () => {
    const [ada, bob] = [await here.person('admin'), await here.person('admin')];
    const hold = () =>
      here.database.sql`select id from identity.users where id = any(${[ada.id, bob.id]}) for update`;
    const answers = await meeting(hold, () => [
      edit(ada.id, { role: 'user' }, bob),
      edit(bob.id, { banned: true }, ada),
    ]);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 401]);
  });
});

describe('a ban', () => {
  it('shuts tokens, pages and keys out at once on every api, and lets them in again when it is lifted', async () => {
    const ada = await here.person('user');
    const key = await keyOf(ada);
    const headers = { ...page, cookie: await cookieOf(ada) };
    const withCookie = () => there.call({ url: '/v1/alerts', headers });
    expect([(await alertsOf(key, there)).status, (await withCookie()).status]).toEqual([200, 200]);

    const { body } = await edit(ada.id, { banned: true });
    expect(body).toMatchObject({ status: 'banned', bannedAt: expect.any(String) });
    expect((await alertsOf(key, there)).body['code']).toBe('identity.banned');
    expect((await withCookie()).body['code']).toBe('identity.session-ended');
    expect((await alertsOf(ada, there)).status).toBe(401);
    expect((await refresh(ada)).status).toBe(401);
    expect(await logIn(ada)).toMatchObject({ status: 403, body: { code: 'identity.banned' } });

    // Again: it is still the first one.
    expect((await edit(ada.id, { banned: true })).body.bannedAt).toBe(body.bannedAt);
    expect((await edit(ada.id, { banned: false })).body).toMatchObject({ status: 'active', bannedAt: null });
    expect((await logIn(ada, there)).status).toBe(200);
    expect((await alertsOf(key, there)).status).toBe(200);
    expect((await alertsOf(ada, there)).status).toBe(401);
    expect((await entriesAbout(ada.id)).map(({ type }) => type)).toEqual([
      'api-key-created',
      'banned',
      'sign-in-failed',
      'unbanned',
    ]);
  });

  it('stops the mail of alerts: nobody who is banned has a contact', async () => {
    const [ada, bob] = [await here.person('user'), await here.person('user')];
    const queries = here.app.get(QueryBus);
    const contacts = async () => {
      const userIds = [ada.id, bob.id];
      const found = await queries.execute(new FindContacts(userIds));
      const held = await here.database.transaction(() => queries.execute(new HoldAccounts(userIds)));
      expect(held).toEqual(found);
      return found.map(({ userId }) => userId);
    };
    await edit(ada.id, { banned: true });
    expect(await contacts()).toEqual([bob.id]);
    await edit(ada.id, { banned: false });
    expect(await contacts()).toHaveLength(2);
  });

  it('comes with another role in one change', async () => {
    const ada = await here.person('operator');
    const { body } = await edit(ada.id, { role: 'user', banned: true });
    expect(body).toMatchObject({ role: 'user', status: 'banned' });
    expect(await sessionsOf(ada.id)).toEqual([]);
  });
});

describe('a login or a refresh', () => {
  const changes = {
    'a ban': (id: string) => here.database.sql`update identity.users set banned_at = now() where id = ${id}`,
    'another role': (id: string) =>
      here.database.sql`update identity.users set role = 'user' where id = ${id}`,
    'another password': (id: string) =>
      here.database.sql`update identity.users set password_hash = 'another' where id = ${id}`,
    'the deletion of the account': (id: string) =>
      here.database.sql`delete from identity.users where id = ${id}`,
  };
  const names = Object.keys(changes) as (keyof typeof changes)[];
  const routes = ['login', 'web-session', 'refresh'];

  it.each(routes.flatMap((route) => names.map((name) => [route, name] as const)))(
    'by %s that meets %s leaves nobody inside',
    async (route, name) => {
      const ada = await here.person('operator');
      const { email, password, refreshToken } = ada;
      const body = route === 'refresh' ? { refreshToken } : { email, password };
      // As whoever shuts somebody out does it: the account first, then what it has.
      const hold = () => here.database.sql`select id from identity.users where id = ${ada.id} for update`;
      const come = () => [there.call({ method: 'POST', url: `/v1/auth/${route}`, body, headers: page })];
      const shutOut = async () => {
        await here.database.sql`delete from identity.sessions where user_id = ${ada.id}`;
        await here.database.sql`delete from identity.refresh_tokens where user_id = ${ada.id}`;
        await changes[name](ada.id);
      };
      const [answer] = await meeting(hold, come, shutOut);
      expect(answer?.status).toBe(401);
      expect(await sessionsOf(ada.id)).toEqual([]);
    },
  );
});

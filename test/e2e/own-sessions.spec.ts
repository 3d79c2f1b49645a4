import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly kind: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}
interface SessionPage {
  readonly items: Session[];
  readonly total: number;
}

let api: Api;
let ada: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off', HOST: '127.0.0.1' });
});
afterAll(() => api.close());
beforeEach(async () => {
  ada = await api.person();
});

const url = '/v1/me/sessions';
const page = { host: 'tocsin.test', origin: 'http://tocsin.test' };
const list = async (as = ada, query = '') =>
  (await api.call<SessionPage>({ url: `${url}?${query}`, as })).body;
const end = (id: string, as = ada) => api.call({ method: 'DELETE', url: `${url}/${id}`, as });
const isIn = async (as: Caller) => (await api.call({ url, as })).status === 200;
/** The same person, somewhere else. */
const logIn = async (userAgent = 'phone'): Promise<Caller> => {
  const { email, password } = ada;
  const headers = { 'user-agent': userAgent };
  const body = { email, password };
  const answer = await api.call<Caller>({ method: 'POST', url: '/v1/auth/login', body, headers });
  return { ...ada, ...answer.body };
};
/** The same person in a page; returns the cookie. */
const openPage = async (): Promise<string> => {
  const { email, password } = ada;
  const body = { email, password };
  const answer = await api.call({ method: 'POST', url: '/v1/auth/web-session', body, headers: page });
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
};
const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;

describe("one's own sessions", () => {
  it('are a thousand at most: the oldest end', async () => {
    await api.database.sql`
      insert into identity.sessions (id, user_id)
      select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${ada.id} from generate_series(1, 1200) as n`;
    await api.database.sql`
      insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
      select decode(md5(id::text), 'hex'), user_id, id, now() + interval '1 day'
      from identity.sessions where user_id = ${ada.id} and id < '00000001-0000-7000-8000-000000000000'`;
    const newest = await logIn();
    const { open, oldest } = await api.database.one<{ open: number; oldest: string }>`
      select count(*) as open, min(id::text) as oldest from identity.sessions where user_id = ${ada.id}`;
    expect(open).toBe(1_000);
    // Ada's first one, the newest, and 998 of those.
    expect(oldest).toBe('00000000-0000-7000-8000-000000000203');
    expect(await isIn(newest)).toBe(true);
  });

  it('are listed with what opened them, newest first, and the one that asks is marked', async () => {
    await logIn('Mozilla/5.0 (phone)');
    await openPage();
    const { items, total } = await list();
    expect(total).toBe(3);
    const common = { id: expect.any(String), address: '127.0.0.1', createdAt: expect.any(String) };
    const times = { lastUsedAt: expect.any(String), expiresAt: expect.any(String) };
    expect(items).toEqual([
      { ...common, ...times, kind: 'page', current: false, userAgent: 'lightMyRequest' },
      { ...common, ...times, kind: 'tokens', current: false, userAgent: 'Mozilla/5.0 (phone)' },
      { ...common, ...times, kind: 'tokens', current: true, userAgent: 'lightMyRequest' },
    ]);
    expect(items.map(({ lastUsedAt, expiresAt }) => days(lastUsedAt, expiresAt))).toEqual([7, 30, 30]);
  });

  it('mark the page that asks with its cookie', async () => {
    const cookie = await openPage();
    const { body } = await api.call<SessionPage>({ url, headers: { ...page, cookie } });
    expect(body.items.map(({ kind, current }) => [kind, current])).toEqual([
      ['page', true],
      ['tokens', false],
    ]);
  });

  it('are told to have been used when their tokens were exchanged', async () => {
    await api.database.sql`
      update identity.refresh_tokens set expires_at = expires_at - interval '2 days' where user_id = ${ada.id}`;
    const [before] = (await list()).items;
    const { refreshToken } = ada;
    await api.call({ method: 'POST', url: '/v1/auth/refresh', body: { refreshToken } });
    const [after] = (await list()).items;
    expect(days(before?.lastUsedAt ?? '', after?.lastUsedAt ?? '')).toBeCloseTo(2, 1);
    expect(days(after?.lastUsedAt ?? '', after?.expiresAt ?? '')).toBe(30);
  });

  it('are not listed once they cannot be continued', async () => {
    await openPage();
    await logIn();
    await api.database.sql`
      update identity.web_sessions set last_used_at = now() - interval '7 days'
      where session_id in (select id from identity.sessions where user_id = ${ada.id})`;
    await api.database.sql`
      update identity.refresh_tokens set expires_at = now() where user_id = ${ada.id} and session_id = (
        select id from identity.sessions where user_id = ${ada.id} order by id limit 1)`;
    const { items, total } = await list();
    expect([total, ...items.map(({ kind }) => kind)]).toEqual([1, 'tokens']);
  });

  it('are paged', async () => {
    await logIn();
    const { items, total } = await list(ada, 'page=2&per_page=1');
    expect([total, ...items.map(({ current }) => current)]).toEqual([2, true]);
  });

  it('end one by one: its tokens are refused at once, and the others go on', async () => {
    const phone = await logIn();
    const [newest] = (await list()).items;
    const id = newest?.id ?? '';
    expect(await end(id)).toMatchObject({ status: 204, body: undefined });
    expect([await isIn(phone), await isIn(ada)]).toEqual([false, true]);
    const { refreshToken } = phone;
    expect((await api.call({ method: 'POST', url: '/v1/auth/refresh', body: { refreshToken } })).status).toBe(
      401,
    );
    expect(await end(id)).toMatchObject({ status: 404, body: { code: 'identity.session-not-found' } });
    const { body } = await api.call({ url: '/v1/me/audit?type=session-ended', as: ada });
    expect(body).toMatchObject({ items: [{ actorId: ada.id, details: { sessionId: id } }], total: 1 });
  });

  it('of pages end as well', async () => {
    const headers = { ...page, cookie: await openPage() };
    const [newest] = (await list()).items;
    await end(newest?.id ?? '');
    expect((await api.call({ url, headers })).status).toBe(401);
  });

  it('may end with the one that asks', async () => {
    const [own] = (await list()).items;
    expect((await end(own?.id ?? '')).status).toBe(204);
    expect(await isIn(ada)).toBe(false);
  });

  it("are nobody else's to end or to see", async () => {
    const [own] = (await list()).items;
    const bob = await api.person();
    expect((await end(own?.id ?? '', bob)).status).toBe(404);
    expect((await end(newId(), bob)).status).toBe(404);
    expect((await end('7', bob)).status).toBe(422);
    expect((await list(bob)).total).toBe(1);
    expect(await isIn(ada)).toBe(true);
  });

  it('end all together but for the one that asks', async () => {
    const phone = await logIn();
    const headers = { ...page, cookie: await openPage() };
    const bob = await api.person();
    expect(await api.call({ method: 'DELETE', url, as: ada })).toMatchObject({
      status: 204,
      body: undefined,
    });
    expect([await isIn(phone), (await api.call({ url, headers })).status]).toEqual([false, 401]);
    expect([await isIn(ada), await isIn(bob)]).toEqual([true, true]);
    expect((await list()).items.map(({ current }) => current)).toEqual([true]);
  });
});

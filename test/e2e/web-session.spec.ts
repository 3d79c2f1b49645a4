import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { mailedToken } from '../support/account-mails.ts';
import { type Answer, type Api, type Caller, type Request, startApi } from '../support/api.ts';
import { tablesWith } from '../support/find-in-database.ts';

const ours = 'https://tocsin.example.org';
const allowed = 'https://app.example.org';
const name = '__Host-tocsin-session';

let api: Api;
let ada: Caller;
let bob: Caller;
let admin: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), {
    PUBLIC_URL: `${ours}/`,
    CORS_ORIGINS: allowed,
    RATE_LIMIT: 'off',
    HOST: '127.0.0.1',
  });
  ada = await api.person();
  bob = await api.person();
  admin = await api.person('admin');
});
afterAll(() => api.close());

type Headers = Readonly<Record<string, string>>;
const asPage = { origin: ours, 'sec-fetch-site': 'same-origin' };
const cookie = (secret: string) => ({ cookie: `${name}=${secret}` });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const setCookie = ({ headers }: Answer<unknown>) => String(headers['set-cookie']);

const logIn = ({ email, password }: Pick<Caller, 'email' | 'password'> = ada, headers: Headers = asPage) =>
  api.call({ method: 'POST', url: '/v1/auth/web-session', headers, body: { email, password } });
/** The secret of the cookie of a new session. */
async function opened(person = ada, headers: Headers = asPage): Promise<string> {
  const [, secret = ''] = /^[^=]+=([^;]*)/.exec(setCookie(await logIn(person, headers))) ?? [];
  return secret;
}
const logOut = (secret: string) =>
  api.call({ method: 'DELETE', url: '/v1/auth/web-session', headers: { ...asPage, ...cookie(secret) } });
/** Who a page is told that it is. */
const me = (headers: Headers) => api.call({ url: '/v1/me', headers });
const meBy = (secret: string) => me(cookie(secret));
const change = (headers: Headers, method: Request['method'] = 'PATCH', body: object = { name: 'Changed' }) =>
  api.call({ method, url: '/v1/me', headers, ...(method === 'DELETE' ? {} : { body }) });

const ended = { status: 401, body: { code: 'identity.session-ended' } };
const missing = { status: 401, body: { code: 'identity.token-missing' } };
const crossSite = { status: 403, body: { code: 'identity.cross-site' } };

describe('the cookie of a page', () => {
  it('is kept by browsers for this host alone, out of reach of scripts, other sites and plain connections', async () => {
    const answer = await logIn();
    expect(answer).toMatchObject({ status: 204, body: undefined, headers: { 'cache-control': 'no-store' } });
    expect(setCookie(answer)).toMatch(
      /^__Host-tocsin-session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  it('says who somebody is', async () => {
    expect(await meBy(await opened())).toMatchObject({ status: 200, body: { id: ada.id } });
  });

  it('is nowhere in the database', async () => {
    const secret = await opened();
    for (const trace of [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret, 'base64url').toString('hex'),
    ]) {
      expect(await tablesWith(api.database, trace)).toEqual([]);
    }
  });

  it('is no token: it counts as a cookie only', async () => {
    const secret = await opened();
    expect((await me({ authorization: `Bearer ${secret}` })).body).toMatchObject({
      code: 'identity.token-invalid',
    });
    const refreshed = await api.call({
      method: 'POST',
      url: '/v1/auth/refresh',
      body: { refreshToken: secret },
    });
    expect(refreshed.status).toBe(401);
  });

  it.each([
    'tocsin-session',
    '__host-tocsin-session',
    '__Secure-tocsin-session',
    `\u00a0${name}`,
    `${name}[]`,
  ])('does not count by the name "%s", which other hosts may set', async (other) => {
    expect(await me({ cookie: `${other}=${await opened()}` })).toMatchObject(missing);
  });

  it.each(['', '%', '%00', '%E0%A4%A', '"', 'A'.repeat(43), 'A'.repeat(10_000), '{}', `' or true --`])(
    'opens nothing with the value "%.20s"',
    async (value) => {
      expect(await meBy(value)).toMatchObject(ended);
    },
  );

  it('counts by the first of two, and is not looked for beyond', async () => {
    const [first, second] = [await opened(ada), await opened(bob)];
    const both = (one: string, other: string) => me({ cookie: `${name}=${one}; ${name}=${other}` });
    expect((await both(first, second)).body).toMatchObject({ id: ada.id });
    expect(await both('A'.repeat(43), second)).toMatchObject(ended);
  });

  it('does not count beside an Authorization, whatever that says', async () => {
    const good = cookie(await opened());
    expect((await me({ ...good, authorization: 'Bearer bad' })).body).toMatchObject({
      code: 'identity.token-invalid',
    });
    expect(await me({ ...good, authorization: '' })).toMatchObject(missing);
    expect((await me({ ...good, authorization: `Bearer ${bob.accessToken}` })).body).toMatchObject({
      id: bob.id,
    });
  });
});

const ofOurPages: [string, Headers][] = [
  ['of our own, as a browser says it', asPage],
  ['of our own, as an older browser says it', { origin: ours }],
  ['of the host that is asked', { origin: 'http://localhost', host: 'localhost:80' }],
  ['of the host that is asked, at its port', { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' }],
];
const ofOthers: [string, Headers][] = [
  ['that is not said', {}],
  ['that is not said but for the site', { 'sec-fetch-site': 'same-origin' }],
  ['of a stranger', { origin: 'https://evil.example' }],
  ['that is opaque', { origin: 'null' }],
  ['that is empty', { origin: '' }],
  ['of another port', { origin: `${ours}:8443` }],
  ['of another scheme', { origin: ours.replace('https', 'http') }],
  ['of a host below ours', { origin: 'https://evil.tocsin.example.org' }],
  ['of a host that begins like ours', { origin: `${ours}.evil.example` }],
  ['of a host that ends like ours', { origin: 'https://eviltocsin.example.org' }],
  ['of somebody at a host', { origin: 'https://tocsin.example.org@evil.example' }],
  ['of two', { origin: `${ours}, https://evil.example` }],
  ['of our host without a scheme', { origin: 'tocsin.example.org' }],
  ['of a page that may read answers', { origin: allowed }],
  ['of the host that is asked, at another port', { origin: 'http://localhost:8080', host: 'localhost:80' }],
  ['of our own by a page of a sibling', { ...asPage, 'sec-fetch-site': 'same-site' }],
  ['of our own by a page of another site', { ...asPage, 'sec-fetch-site': 'cross-site' }],
  ['of our own by no page', { ...asPage, 'sec-fetch-site': 'none' }],
];

describe('from an origin', () => {
  it.each(ofOurPages)('%s one logs in and changes things', async (_, headers) => {
    const secret = await opened(ada, headers);
    expect((await change({ ...headers, ...cookie(secret) })).status).toBe(200);
  });

  it.each(ofOthers)('%s nobody logs in, and nothing is changed', async (_, headers) => {
    const secret = await opened();
    await change({ ...asPage, ...cookie(secret) }, 'PATCH', { name: 'Ada' });
    const login = await logIn(ada, headers);
    expect(login).toMatchObject(crossSite);
    expect(login.headers).not.toHaveProperty('set-cookie');
    for (const method of ['PATCH', 'DELETE'] as const) {
      expect(await change({ ...headers, ...cookie(secret) }, method)).toMatchObject(crossSite);
    }
    expect((await meBy(secret)).body).toMatchObject({ name: 'Ada' });
    // What a token does needs no page.
    expect((await change({ ...headers, authorization: `Bearer ${ada.accessToken}` })).status).toBe(200);
  });

  it.each(ofOthers)('%s a browser may still be told things, and does not show them', async (_, headers) => {
    const answer = await me({ ...headers, ...cookie(await opened()) });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('that may read answers, a page brings tokens and no cookies', async () => {
    const asked = {
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'content-type',
    };
    const preflight = await api.call({
      method: 'OPTIONS',
      url: '/v1/me',
      headers: { origin: allowed, ...asked },
    });
    expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': allowed });
    expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials');
  });
});

describe('a session of a page', () => {
  const endOf = (person: Caller) => api.database.one<{ expires: Date }>`
    select web.expires_at as expires
    from identity.web_sessions as web join identity.sessions as session on session.id = web.session_id
    where session.user_id = ${person.id}`;

  it('ends when it was not used for seven days', async () => {
    const [used, unused] = [await opened(), await opened()];
    const pass = (interval: string) => api.database.sql`
      update identity.web_sessions set last_used_at = last_used_at - ${interval}::interval`;
    await pass('6 days 23 hours');
    expect((await meBy(used)).status).toBe(200);
    await pass('1 hour');
    expect((await meBy(used)).status).toBe(200);
    expect(await meBy(unused)).toMatchObject(ended);
  });

  it('ends after thirty days, however much it is used', async () => {
    const person = await api.person();
    const secret = await opened(person);
    const pass = (interval: string) => api.database.sql`
      update identity.web_sessions
      set expires_at = expires_at - ${interval}::interval, last_used_at = now() - interval '1 hour'`;
    await pass('29 days 23 hours');
    const end = await endOf(person);
    expect((await meBy(secret)).status).toBe(200);
    expect(await endOf(person)).toEqual(end);
    await pass('1 hour');
    expect(await meBy(secret)).toMatchObject(ended);
  });

  it('ends with a log-out, which has the browser forget it', async () => {
    const [secret, other] = [await opened(), await opened()];
    const answer = await logOut(secret);
    expect(answer.status).toBe(204);
    expect(setCookie(answer)).toBe(
      `${name}=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict`,
    );
    expect(await meBy(secret)).toMatchObject(ended);
    expect(await logOut(secret)).toMatchObject(ended);
    expect((await meBy(other)).status).toBe(200);
  });

  it('makes place for the next one of the same browser, whoever logs in', async () => {
    const first = await opened(ada);
    const second = await opened(ada, { ...asPage, ...cookie(first) });
    expect(second).not.toBe(first);
    expect(await meBy(first)).toMatchObject(ended);
    const third = await opened(bob, { ...asPage, ...cookie(second) });
    expect((await meBy(third)).body).toMatchObject({ id: bob.id });
    expect(await meBy(second)).toMatchObject(ended);
  });

  it('goes on when somebody fails to log in beside it', async () => {
    const secret = await opened();
    const failed = await logIn({ ...bob, password: 'incorrect horse' }, { ...asPage, ...cookie(secret) });
    expect(failed.status).toBe(401);
    expect(failed.headers).not.toHaveProperty('set-cookie');
    expect((await meBy(secret)).status).toBe(200);
  });

  it('is never the one that somebody planted', async () => {
    const planted = 'P'.repeat(43);
    const secret = await opened(ada, { ...asPage, ...cookie(planted) });
    expect(secret).not.toBe(planted);
    expect(await meBy(planted)).toMatchObject(ended);
    const ofMallory = await opened(bob);
    await opened(ada, { ...asPage, ...cookie(ofMallory) });
    expect(await meBy(ofMallory)).toMatchObject(ended);
  });

  it.each<[string, (person: Caller, secret: string) => Promise<unknown>]>([
    ['the password is reset', resetPassword],
    ['its owner is banned', ({ id }) => editUser(id, { banned: true })],
    ['its owner gets another role', ({ id }) => editUser(id, { role: 'operator' })],
    ['its owner is deleted', ({ accessToken }) => change(bearer(accessToken), 'DELETE')],
    ['it is ended from elsewhere', ({ accessToken }) => endOthers(bearer(accessToken))],
    ['the password is changed elsewhere', (person) => changePassword(person, bearer(person.accessToken))],
  ])('ends when %s', async (_, happens) => {
    const person = await api.person();
    const secret = await opened(person);
    expect((await meBy(secret)).status).toBe(200);
    await happens(person, secret);
    expect(await meBy(secret)).toMatchObject(ended);
  });

  it('goes on when its page changes the password or ends the others', async () => {
    const person = await api.person();
    const [secret, other] = [await opened(person), await opened(person)];
    const headers = { ...asPage, ...cookie(secret) };
    await changePassword(person, headers);
    expect(await meBy(other)).toMatchObject(ended);
    await endOthers(headers);
    expect((await meBy(secret)).status).toBe(200);
    expect((await me(bearer(person.accessToken))).body).toMatchObject({ code: 'identity.session-ended' });
  });
});

const nextPassword = 'another horse battery staple';

async function resetPassword({ email }: Caller): Promise<void> {
  const post = (route: string, body: object) => api.call({ method: 'POST', url: `/v1/auth/${route}`, body });
  await post('forgot-password', { email });
  const token = await mailedToken(api, email);
  expect((await post('reset-password', { token, password: nextPassword })).status).toBe(204);
}

async function editUser(id: string, body: object): Promise<void> {
  expect((await api.call({ method: 'PATCH', url: `/v1/users/${id}`, as: admin, body })).status).toBe(200);
}

async function changePassword({ password }: Caller, headers: Headers): Promise<void> {
  const body = { password: nextPassword, currentPassword: password };
  expect((await change(headers, 'PATCH', body)).status).toBe(200);
}

async function endOthers(headers: Headers): Promise<void> {
  expect((await api.call({ method: 'DELETE', url: '/v1/me/sessions', headers })).status).toBe(204);
}

import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Api, startApi } from '../support/api.ts';

const credentials = { email: 'ada@example.org', password: 'correct horse battery' };
const post = (api: Api, route: string, body: object) =>
  api.call<Record<string, string>>({ method: 'POST', url: `/v1/auth/${route}`, body });

describe('registration', () => {
  it('makes the first person at an embedded installation its admin, also of several who come at once', async () => {
    const api = await startApi(inject('postgresUrl'));
    const other = new Client({ connectionString: api.config.databaseUrl ?? '' });
    try {
      await other.connect();
      // Everybody may look whether they are the first, and nobody gets further before all have come.
      await other.query('begin; lock table identity.users in share row exclusive mode');
      const names = ['ada', 'bob', 'ADA'];
      const all = names.map((name) =>
        post(api, 'register', { ...credentials, email: `${name}@example.org` }),
      );
      const waiting = () => api.database.sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(names.length);
      await other.query('commit');
      const answers = await Promise.all(all);
      expect(answers.filter(({ body }) => body['role'] === 'admin')).toHaveLength(1);
      expect(answers.filter(({ body }) => body['role'] === 'user')).toHaveLength(1);
      expect(answers.filter(({ body }) => body['code'] === 'identity.email-taken')).toHaveLength(1);
    } finally {
      await other.end();
      await api.close();
    }
  });

  it('makes nobody an admin elsewhere', async () => {
    const api = await startApi(inject('postgresUrl'), {
      TOCSIN_PROFILE: 'server',
      SMTP_URL: 'smtp://localhost',
      MAIL_FROM: 'tocsin@example.org',
      EMAIL_VERIFICATION: 'off',
    });
    try {
      expect((await post(api, 'register', credentials)).body['role']).toBe('user');
    } finally {
      await api.close();
    }
  });
});

describe('an account', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'));
    await post(api, 'register', credentials);
  });
  afterAll(() => api.close());

  const logIn = (changed: object = {}) => post(api, 'login', { ...credentials, ...changed });
  const refresh = (refreshToken = '') => post(api, 'refresh', { refreshToken });

  it('is told as it is, without its password', async () => {
    const { status, body } = await post(api, 'register', { ...credentials, email: ' Grace@Example.org ' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      email: 'grace@example.org',
      emailVerified: true,
      role: 'user',
    });
  });

  it('keeps its address to itself, in any case', async () => {
    const taken = await post(api, 'register', { ...credentials, email: 'ADA@example.ORG' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'identity.email-taken' } });
  });

  it('is logged in to with its address in any case', async () => {
    const { status, body, headers } = await logIn({ email: 'ADA@Example.org' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
    });
    const as = { ...credentials, id: '', accessToken: body['accessToken']!, refreshToken: '' };
    expect((await api.call({ url: '/v1/alerts', as })).status).toBe(200);
  });

  it('cannot be told from one that does not exist by a wrong password', async () => {
    const wrong = await logIn({ password: 'incorrect horse' });
    const unknown = await logIn({ email: 'nobody@example.org' });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'identity.wrong-credentials' } });
    expect(unknown).toEqual({ ...wrong, headers: expect.any(Object) });
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(wrong.headers));
  });

  it.each([
    ['blanks and NUL', `  \0 ${'ä'.repeat(200)} `],
    ['256 characters of two halves', `${'🐎'.repeat(255)}🔋`],
  ])('takes passwords as they are, to the last character: %s', async (_, password) => {
    const email = `${crypto.randomUUID()}@example.org`;
    await post(api, 'register', { email, password });
    expect((await logIn({ email, password })).status).toBe(200);
    const shorter = Array.from(password).slice(0, -1).join('');
    for (const other of [shorter, `${shorter}a`, password.slice(1)]) {
      expect((await logIn({ email, password: other })).status).toBe(401);
    }
  });

  it('is stored without anything that opens it', async () => {
    const { body } = await logIn();
    const users = await api.database.sql`select * from identity.users`;
    const tokens = await api.database
      .sql`select encode(token_hash, 'escape') as hash from identity.refresh_tokens`;
    const stored = JSON.stringify([users, tokens]);
    expect(stored).not.toContain(credentials.password);
    expect(stored).not.toContain(body['refreshToken']);
    expect(users[0]).toMatchObject({ password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,/) });
  });

  it('gives a new session for a refresh token, once', async () => {
    const first = (await logIn()).body['refreshToken'];
    const second = await refresh(first);
    expect(second.status).toBe(200);
    expect(await refresh(first)).toMatchObject({
      status: 401,
      body: { code: 'identity.refresh-token-invalid' },
    });
    expect((await refresh(second.body['refreshToken'])).status).toBe(200);
  });

  it('refuses refresh tokens that it never gave or that are too old', async () => {
    expect((await refresh('never given')).status).toBe(401);
    const { refreshToken } = (await logIn()).body;
    await api.database.sql`update identity.refresh_tokens set expires_at = now() where used_at is null`;
    expect((await refresh(refreshToken)).status).toBe(401);
  });

  it('is logged out of by its refresh token, as often as one likes, and of that session only', async () => {
    const { refreshToken } = (await logIn()).body;
    const other = (await logIn()).body['refreshToken'];
    for (const _ of [1, 2]) {
      expect(await post(api, 'logout', { refreshToken })).toMatchObject({ status: 204, body: undefined });
    }
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(other)).status).toBe(200);
  });
});

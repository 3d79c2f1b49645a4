import { CommandBus } from '@nestjs/cqrs';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Register } from '#libs/identity';
import { type Api, startApi } from '../support/api.ts';
import { Browser, type Page } from '../support/browser.ts';
import { client, type People, startOpenIdProvider } from '../support/openid-provider.ts';

const publicUrl = 'https://tocsin.example.org';
const people: People = {
  ada: { email: 'Ada@example.org', email_verified: true, name: 'Ada Lovelace' },
  bob: { email: 'bob@example.org', email_verified: true, name: 'Bob' },
  cleo: { email: 'cleo@example.org', email_verified: true, name: 'Cleo' },
};

let provider: Awaited<ReturnType<typeof startOpenIdProvider>>;
let api: Api;

beforeAll(async () => {
  provider = await startOpenIdProvider(people, `${publicUrl}/v1/auth/oidc/callback`);
  api = await startApi(inject('postgresUrl'), {
    PUBLIC_URL: publicUrl,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: client.id,
    OIDC_CLIENT_SECRET: client.secret,
    EMAIL_VERIFICATION: 'required',
  });
});
afterAll(async () => {
  await Promise.all([api.close(), provider.close()]);
});

/** Logs in at the provider, consents, and comes back. */
async function signIn(login: string, path = '/v1/auth/oidc', browser = new Browser(api)): Promise<Page> {
  return browser.open(await browser.walk(path, '/callback', { login, password: 'any' }));
}

/** What comes of requests that have all to wait for a transaction which does this and then ends. */
async function meanwhile(statement: string, ask: () => Promise<Page>[]): Promise<Page[]> {
  const other = new Client({ connectionString: api.config.databaseUrl ?? '' });
  await other.connect();
  await other.query('begin');
  await other.query(statement);
  const asked = ask();
  const waiting = () => api.database.sql`
    select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(asked.length);
  await other.query('commit');
  await other.end();
  return Promise.all(asked);
}

const cookieOf = ({ headers }: Page) => headers.getSetCookie().find((line) => line.includes('session'));
const accountOf = async (subject: string) => {
  const [account] = await api.database.sql`
    select owner.id, owner.email, owner.email_verified as verified, owner.name, owner.role,
      owner.password_hash as password, external.email as told
    from identity.external_identities as external join identity.users as owner on owner.id = external.user_id
    where external.issuer = ${provider.issuer} and external.subject = ${subject}`;
  return account as Record<string, unknown> | undefined;
};
const codeOf = (page: Page) => (JSON.parse(page.text) as { code: string }).code;

describe('signing in with a provider', () => {
  it('makes an account of the first person, an admin, and opens a session that a page can use', async () => {
    const browser = new Browser(api);
    const page = await signIn('ada', '/v1/auth/oidc?returnTo=/v1/alerts', browser);
    expect(page).toMatchObject({ status: 303, location: new URL('/v1/alerts', publicUrl) });
    expect(page.headers.get('location')).toBe('/v1/alerts');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(cookieOf(page)).toMatch(
      /^__Host-tocsin-session=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect([...browser.ours.keys()]).toEqual(['__Host-tocsin-session']);
    expect(await browser.open('/v1/alerts')).toMatchObject({ status: 200 });
    expect(await accountOf('ada')).toEqual({
      id: expect.any(String),
      email: 'ada@example.org',
      verified: true,
      name: 'Ada Lovelace',
      role: 'admin',
      password: null,
      told: 'ada@example.org',
    });
  });

  it('keeps what it has to remember where only this browser can send it back from', async () => {
    const page = await new Browser(api).open('/v1/auth/oidc');
    expect(page.status).toBe(303);
    expect(page.location?.origin).toBe(provider.issuer);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tocsin-oidc=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
    const state = page.location?.searchParams.get('state') ?? '';
    expect(Buffer.from(page.headers.getSetCookie().join(), 'base64url').includes(state)).toBe(false);
  });

  it('finds the account again, whatever has become of the address', async () => {
    const before = await accountOf('ada');
    people['ada'] = { email: 'countess@example.org', email_verified: false, name: 'Countess' };
    const browser = new Browser(api);
    const page = await signIn('ada', undefined, browser);
    expect(page).toMatchObject({ status: 303, location: new URL('/docs', publicUrl) });
    expect(await accountOf('ada')).toEqual({ ...before, told: 'countess@example.org' });
    expect(await browser.open('/v1/alerts')).toMatchObject({ status: 200 });
    // Nor does it leave the old one to whoever has that now.
    people['eve'] = { email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace' };
    expect(codeOf(await signIn('eve'))).toBe('identity.email-taken');
  });

  it('makes one account of two first visits at once, of a user', async () => {
    const browsers = [new Browser(api), new Browser(api)];
    const back = await Promise.all(
      browsers.map((browser) =>
        browser.walk('/v1/auth/oidc', '/callback', { login: 'bob', password: 'any' }),
      ),
    );
    // Both have looked whether there is an account, and neither gets further before the other has come.
    const pages = await meanwhile(`select pg_advisory_xact_lock(hashtext('identity.register'))`, () =>
      browsers.map((browser, index) => browser.open(back[index] ?? '')),
    );
    expect(pages.map(({ status }) => status)).toEqual([303, 303]);
    expect(await accountOf('bob')).toMatchObject({ email: 'bob@example.org', role: 'user' });
  });

  it('is written down', async () => {
    const bob = await accountOf('bob');
    const rows = await api.database.sql`
      select type, details from identity.audit where user_id = ${bob?.['id']} order by id`;
    const details = { issuer: provider.issuer };
    expect(rows).toEqual([
      { type: 'registered', details: { ...details, role: 'user' } },
      ...['signed-in', 'signed-in'].map((type) => ({ type, details })),
    ]);
  });

  it('does not open an account without a password to any password', async () => {
    for (const password of ['', 'null', 'nobody has this password']) {
      const body = { email: 'bob@example.org', password };
      const { status } = await api.call({ method: 'POST', url: '/v1/auth/login', body });
      expect(status).toBe(password === '' ? 422 : 401);
    }
  });

  it('opens nothing to somebody who is banned, not even meanwhile', async () => {
    const ban = `update identity.users set banned_at = now() where email = 'bob@example.org'`;
    const [page] = await meanwhile(ban, () => [signIn('bob')]);
    expect(page?.status).toBe(403);
    expect(page && codeOf(page)).toBe('identity.banned');
    expect(page && cookieOf(page)).toBeUndefined();
  });

  it('makes a new account of somebody who is just deleting theirs', async () => {
    const before = await accountOf('bob');
    const [page] = await meanwhile(
      `select id from identity.users where email = 'bob@example.org' for update;
      delete from identity.users where email = 'bob@example.org'`,
      () => [signIn('bob')],
    );
    expect(page?.status).toBe(303);
    const after = await accountOf('bob');
    expect(after).toMatchObject({ email: 'bob@example.org' });
    expect(after?.['id']).not.toBe(before?.['id']);
  });

  it('ends at the provider where the person does not agree', async () => {
    const browser = new Browser(api);
    const asked = await browser.open('/v1/auth/oidc');
    const denied = new URL(`${publicUrl}/v1/auth/oidc/callback?error=access_denied`);
    denied.searchParams.set('state', asked.location?.searchParams.get('state') ?? '');
    denied.searchParams.set('iss', provider.issuer);
    const page = await browser.open(denied);
    expect(page.status).toBe(401);
    expect(codeOf(page)).toBe('identity.sign-in-denied');
  });
});

describe('an address that somebody else took first', () => {
  const attacker = { email: 'cleo@example.org', password: 'the attacker knows this' };
  const post = (route: string) => api.call({ method: 'POST', url: `/v1/auth/${route}`, body: attacker });

  it('by a registration that they could not confirm is its owner’s, and their password opens nothing', async () => {
    expect(await post('register')).toMatchObject({ status: 201 });
    expect(await signIn('cleo')).toMatchObject({ status: 303 });
    const cleo = await accountOf('cleo');
    expect(cleo).toMatchObject({ email: attacker.email, password: null, name: 'Cleo' });
    expect(await api.database.sql`select id from identity.registrations`).toEqual([]);
    expect(await post('login')).toMatchObject({ status: 401, body: { code: 'identity.wrong-credentials' } });
    await api.database.sql`delete from identity.users where id = ${cleo?.['id']}`;
  });

  it('by a whole account is not let into that account, and that account gets nothing', async () => {
    // As whoever is believed makes it, and everybody where EMAIL_VERIFICATION is off.
    const { id } = await api.app
      .get(CommandBus)
      .execute(new Register(attacker.email, attacker.password, null, 'user'));
    const browser = new Browser(api);
    const page = await signIn('cleo', undefined, browser);
    expect(page.status).toBe(409);
    expect(codeOf(page)).toBe('identity.email-taken');
    expect([...browser.ours.keys()]).toEqual([]);
    expect(await accountOf('cleo')).toBeUndefined();
    const sessions = await api.database.sql`select id from identity.sessions where user_id = ${id}`;
    expect(sessions).toEqual([]);
  });
});

describe('where somebody wants to go afterwards', () => {
  const refused = async (returnTo: string) => {
    const { status, body } = await api.call({
      url: `/v1/auth/oidc?returnTo=${encodeURIComponent(returnTo)}`,
    });
    return {
      status,
      parameters: (body['errors'] as { parameter: string }[]).map(({ parameter }) => parameter),
    };
  };

  it.each([
    'https://eve.example.org/',
    '//eve.example.org',
    '/\\eve.example.org',
    '/\t/eve.example.org',
    '\\\\eve.example.org',
    ' /docs',
    'docs',
    '',
    '/docs\r\nSet-Cookie: a=b',
    '/ä',
    `/${'x'.repeat(512)}`,
    'javascript:alert(1)',
  ])('is not %j', async (returnTo) => {
    expect(await refused(returnTo)).toEqual({ status: 422, parameters: ['returnTo'] });
  });

  it('may be any path here', async () => {
    for (const returnTo of ['/', '/docs?a=b#c', `/${'x'.repeat(511)}`, '/%C3%A4']) {
      const { status } = await api.call({ url: `/v1/auth/oidc?returnTo=${encodeURIComponent(returnTo)}` });
      expect({ returnTo, status }).toEqual({ returnTo, status: 303 });
    }
  });
});

import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { ApiModule } from '../../apps/api/src/api.module.ts';
import { PrintSetupLink } from '../../libs/identity/src/http/print-setup-link.ts';
import { type Api, startApi } from '../support/api.ts';
import { tablesWith } from '../support/find-in-database.ts';

const server = {
  TOCSIN_PROFILE: 'server',
  PUBLIC_URL: 'https://tocsin.example.org/',
  SMTP_URL: 'smtp://localhost',
  MAIL_FROM: 'tocsin@example.org',
  EMAIL_VERIFICATION: 'required',
};
const ada = { email: 'Ada@Example.org', password: 'correct horse battery', name: 'Ada' };

let api: Api;
let printed: string[] = [];
let printedAtStart = '';

beforeAll(async () => {
  listen();
  api = await startApi(inject('postgresUrl'), server);
  vi.restoreAllMocks();
  printedAtStart = printed.join('');
});
afterAll(() => api.close());

beforeEach(async () => {
  listen();
  await api.database.sql`delete from identity.setup_links`;
  await api.database.sql`delete from identity.users`;
});
afterEach(() => void vi.restoreAllMocks());

function listen(): void {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
}

/** What an api that starts here prints. */
const startAnother = async (): Promise<string> => {
  printed = [];
  await api.app.get(PrintSetupLink).onApplicationBootstrap();
  return printed.join('');
};
const tokenIn = (line: string) =>
  /^There is no administrator\. .* https:\/\/tocsin\.example\.org\/account\/setup#token=([\w-]{43})\n$/.exec(
    line,
  )?.[1] ?? 'none';
const newToken = async () => tokenIn(await startAnother());
const setUp = (token: string, changed: object = {}) =>
  api.call({ method: 'POST', url: '/v1/auth/setup', body: { ...ada, ...changed, token } });
const refused = { status: 401, body: { code: 'identity.setup-link-invalid' } };
const users = () => api.database.sql`
  select id, email, name, role, email_verified as verified from identity.users order by id`;

describe('the setup link', () => {
  it('is printed by an api that starts', () => {
    expect(tokenIn(printedAtStart)).not.toBe('none');
  });

  it('is one of its own for each api, good for a day, and kept as a hash', async () => {
    const one = await newToken();
    expect(await newToken()).not.toBe(one);
    const links = await api.database.sql<{ hours: number }>`
      select extract(epoch from expires_at - now()) / 3600 as hours from identity.setup_links`;
    expect(links.map(({ hours }) => Math.round(hours))).toEqual([24, 24]);
    expect(await tablesWith(api.database, one)).toEqual([]);
  });

  it('is not printed once there is an administrator', async () => {
    await api.person('operator');
    expect(await newToken()).not.toBe('none');
    await api.person('admin');
    expect(await startAnother()).toBe('');
  });

  it('is not printed in the embedded profile, where whoever registers first is the administrator', async () => {
    printed = [];
    const embedded = await startApi(inject('postgresUrl'));
    await embedded.close();
    expect(printed.join('')).not.toContain('setup');
  });

  it('is not printed by admin:create, which has no pages', async () => {
    printed = [];
    const module = ApiModule.forRoot(api.config);
    const context = await NestFactory.createApplicationContext(module, { logger: false });
    await context.close();
    expect(printed).toEqual([]);
  });

  it('is forgotten when it is too old', async () => {
    await newToken();
    await api.database.sql`update identity.setup_links set expires_at = now()`;
    await newToken();
    expect(await api.database.sql`select expires_at from identity.setup_links`).toHaveLength(1);
  });
});

describe('who has the setup link', () => {
  it('becomes the administrator, confirmed and able to log in, and that is written down', async () => {
    const { status, body } = await setUp(await newToken());
    const { id } = body;
    expect(status).toBe(201);
    expect(body).toEqual({ id, email: 'ada@example.org', emailVerified: true, role: 'admin' });
    expect(await users()).toEqual([
      { id, email: 'ada@example.org', name: 'Ada', role: 'admin', verified: true },
    ]);
    const { email, password } = ada;
    const session = await api.call({ method: 'POST', url: '/v1/auth/login', body: { email, password } });
    expect(session.status).toBe(200);
    const entries = await api.database.sql`
      select type, actor_id as "actorId", address, details from identity.audit
      where user_id = ${id} and type = 'registered'`;
    expect(entries).toEqual([
      { type: 'registered', actorId: null, address: '127.0.0.1', details: { role: 'admin' } },
    ]);
  });

  it('does so once, and all others are void from then on, also when there is no administrator again', async () => {
    const both = [await newToken(), await newToken()];
    expect((await setUp(both[0]!)).status).toBe(201);
    for (const token of both) expect(await setUp(token)).toMatchObject(refused);
    await api.database.sql`delete from identity.users`;
    for (const token of both) expect(await setUp(token)).toMatchObject(refused);
  });

  it('is told so when it is unknown or too old, before anything else is looked at', async () => {
    const token = await newToken();
    expect(await setUp('never-printed', { password: 'password' })).toMatchObject(refused);
    await api.database.sql`update identity.setup_links set expires_at = now()`;
    expect(await setUp(token)).toMatchObject(refused);
    expect(await users()).toEqual([]);
  });

  it('comes too late when a command has made an administrator', async () => {
    const token = await newToken();
    await api.person('admin');
    expect(await setUp(token)).toMatchObject(refused);
  });

  it('may try again after an address or a password that is refused', async () => {
    const token = await newToken();
    await api.person('user', 'ada@example.org');
    const taken = await setUp(token);
    expect(taken).toMatchObject({ status: 409, body: { code: 'identity.email-taken' } });
    const eve = { email: 'eve@example.org' };
    for (const password of ['short', 'password1']) {
      expect(await setUp(token, { ...eve, password })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/password' }] },
      });
    }
    expect((await setUp(token, eve)).status).toBe(201);
  });

  it('is the only one, of two who come at the same moment', async () => {
    const both = [await newToken(), await newToken()];
    const holder = new Client({ connectionString: api.config.databaseUrl ?? '' });
    await holder.connect();
    // Both are let in by their links, and neither gets further before the other has come.
    await holder.query("begin; select pg_advisory_xact_lock(hashtext('identity.register'))");
    const answers = both.map((token, index) => setUp(token, { email: `admin-${index}@example.org` }));
    const waiting = () => api.database.sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(2);
    await holder.query('commit');
    await holder.end();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([201, 401]);
    expect(await users()).toHaveLength(1);
  });
});

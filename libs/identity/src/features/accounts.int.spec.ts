import type { INestApplicationContext } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { loadConfig } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { Database } from '#platform/persistence';
import type { TestDatabase } from '../../../../test/support/database.ts';
import { createMigratedDatabase } from '../../../../test/support/migrated-database.ts';
import { FindContacts } from '../contracts/index.ts';
import { LogIn } from './log-in.ts';
import { Register } from './register.ts';
import { IdentityHttpModule, identityPersistence } from '../identity.module.ts';
import { someClient } from '../../../../test/support/principal.ts';

const demo = { DEMO: 'on', DEMO_EMAIL: 'Demo@Example.org', DEMO_PASSWORD: 'generated once' };

let postgres: TestDatabase;
const running: INestApplicationContext[] = [];

beforeEach(async () => {
  postgres = await createMigratedDatabase(inject('postgresUrl'), [identityPersistence]);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  await postgres.drop();
});

/** A process with identity in it; several of them share the database. */
async function start(environment: NodeJS.ProcessEnv = {}) {
  const secret = 'a secret of a test, long enough for it';
  const config = loadConfig({
    TOCSIN_PROFILE: 'embedded',
    DATABASE_URL: postgres.url,
    JWT_SECRET: secret,
    ENCRYPTION_KEY: secret,
    LOG_LEVEL: 'trace',
    DEMO: 'off',
    ...environment,
  });
  const imports = [...platformModules(config, 'test', [identityPersistence]), IdentityHttpModule];
  const app = await (await Test.createTestingModule({ imports }).compile()).init();
  running.push(app);
  return { commands: app.get(CommandBus), queries: app.get(QueryBus), database: app.get(Database) };
}
const usersIn = ({ database }: { database: Database }) =>
  database.sql<{ id: string }>`select id, email, role, demo from identity.users order by id`;
const eventsIn = ({ database }: { database: Database }) =>
  database.sql`
    select type, payload from platform.outbox where type = 'identity.demo-account-seeded.v1' order by id`;

describe('the demo account', () => {
  it('is there after a first start, can be logged in to, and others heard of it once', async () => {
    const first = await start(demo);
    const users = await usersIn(first);
    expect(users).toMatchObject([{ email: 'demo@example.org', role: 'user', demo: true }]);
    expect(await eventsIn(first)).toEqual([
      { type: 'identity.demo-account-seeded.v1', payload: { userId: users[0]?.id } },
    ]);
    const session = await first.commands.execute(new LogIn(demo.DEMO_EMAIL, demo.DEMO_PASSWORD, someClient));
    expect(session.accessToken).not.toBe('');

    const second = await start(demo);
    expect(await usersIn(second)).toEqual(users);
    expect(await eventsIn(second)).toHaveLength(1);
  });

  it('is made once, of two processes that start together', async () => {
    const { database } = await start();
    const other = new Client({ connectionString: postgres.url });
    await other.connect();
    // Both may look whether it is there, and neither gets further before the other has come.
    await other.query('begin; lock table identity.users in share row exclusive mode');
    const both = Promise.all([start(demo), start(demo)]);
    const waiting = () => database.sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(2);
    await other.query('commit');
    await other.end();
    const [one] = await both;
    expect(await usersIn(one)).toHaveLength(1);
    expect(await eventsIn(one)).toHaveLength(1);
  });

  it('is not made without a password or when it is off', async () => {
    const silent = await start({ ...demo, DEMO_PASSWORD: '' });
    expect(await usersIn(silent)).toEqual([]);
    const off = await start({ ...demo, DEMO: 'off' });
    expect(await usersIn(off)).toEqual([]);
    expect(await eventsIn(off)).toEqual([]);
  });

  it('does not count: the first person beside it is the administrator', async () => {
    const { commands } = await start(demo);
    expect(await commands.execute(new Register('ada@example.org', 'correct horse', 'Ada'))).toMatchObject({
      role: 'admin',
    });
    expect(await commands.execute(new Register('bob@example.org', 'correct horse', null))).toMatchObject({
      role: 'user',
    });
  });

  it("keeps its address: a person's account is never made over", async () => {
    const before = await start();
    await before.commands.execute(new Register(demo.DEMO_EMAIL, 'my own password', null));
    const after = await start(demo);
    expect(await usersIn(after)).toMatchObject([{ email: 'demo@example.org', demo: false }]);
    expect(await eventsIn(after)).toEqual([]);
    await expect(
      after.commands.execute(new LogIn(demo.DEMO_EMAIL, demo.DEMO_PASSWORD, someClient)),
    ).rejects.toMatchObject({
      code: 'identity.wrong-credentials',
    });
  });
});

describe('registration by a command', () => {
  it('gives the role that it names, also to a second administrator', async () => {
    const { commands } = await start();
    for (const role of ['operator', 'admin', 'admin'] as const) {
      const email = ` ${newId()}@Example.org `;
      expect(await commands.execute(new Register(email, 'correct horse', null, role))).toEqual({
        id: expect.any(String),
        email: email.trim().toLowerCase(),
        emailVerified: true,
        role,
      });
    }
  });

  it('refuses an address that has an account', async () => {
    const { commands } = await start();
    await commands.execute(new Register('ada@example.org', 'correct horse', null, 'admin'));
    await expect(
      commands.execute(new Register('ADA@example.org', 'another horse', null, 'admin')),
    ).rejects.toMatchObject({ code: 'identity.email-taken', kind: 'conflict' });
  });
});

describe('contacts', () => {
  it('are those of the named users who exist', async () => {
    const { commands, queries } = await start();
    const ada = await commands.execute(new Register('ada@example.org', 'correct horse', null));
    await commands.execute(new Register('bob@example.org', 'correct horse', null));
    expect(await queries.execute(new FindContacts([ada.id, newId()]))).toEqual([
      { userId: ada.id, email: 'ada@example.org', emailVerified: true },
    ]);
    expect(await queries.execute(new FindContacts([]))).toEqual([]);
  });
});

describe('an account whose address was never confirmed', () => {
  it('cannot be told from a wrong password', async () => {
    const { commands, database } = await start();
    await commands.execute(new Register('ada@example.org', 'correct horse', null));
    await database.sql`update identity.users set email_verified = false`;
    await expect(
      commands.execute(new LogIn('ada@example.org', 'correct horse', someClient)),
    ).rejects.toMatchObject({
      code: 'identity.wrong-credentials',
    });
  });
});

import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { platformModules } from '#platform/lifecycle';
import { Database, fragment } from '#platform/persistence';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { IdentityModule, identityPersistence } from '../identity.module.ts';
import { ForgetExpired } from './forget-expired.ts';

const ada = newId();
let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
let app: INestApplicationContext;
let database: Database;
let forgetting: ForgetExpired;

beforeAll(async () => {
  postgres = await migratedDatabase([identityPersistence], {
    JWT_SECRET: 'a secret of a test, long enough for it',
  });
  const imports = [...platformModules(postgres.config, 'test', [identityPersistence]), IdentityModule];
  app = await (await Test.createTestingModule({ imports }).compile()).init();
  database = app.get(Database);
  forgetting = new ForgetExpired(database);
  await database.sql`
    insert into identity.users (id, email, role, email_verified, demo, created_at)
    values (${ada}, 'ada@example.org', 'user', true, false, now())`;
});
afterAll(async () => {
  await app.close();
  await postgres.drop();
});
beforeEach(async () => {
  await database.sql`delete from identity.sessions`;
  await database.sql`delete from identity.refresh_tokens`;
  await database.sql`delete from identity.ended_sessions`;
});

const secret = () => Buffer.from(newId());
/** How many rows there are. */
const count = async (table: string): Promise<number> => {
  const { rows } = await database.one<{ rows: number }>`
    select count(*) as rows from ${fragment.id('identity', table)}`;
  return rows;
};
/** A session that refresh tokens of these ages continue. */
async function tokens(...daysLeft: number[]): Promise<string> {
  const id = newId();
  await database.sql`insert into identity.sessions (id, user_id) values (${id}, ${ada})`;
  for (const days of daysLeft) {
    await database.sql`
      insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
      values (${secret()}, ${ada}, ${id}, now() + make_interval(days => ${days}))`;
  }
  return id;
}
/** A session of a page. */
async function page(daysLeft: number, daysUnused: number): Promise<string> {
  const id = await tokens();
  await database.sql`
    insert into identity.web_sessions (token_hash, session_id, expires_at, last_used_at)
    values (${secret()}, ${id}, now() + make_interval(days => ${daysLeft}), now() - make_interval(days => ${daysUnused}))`;
  return id;
}

describe('what has expired', () => {
  it.each<[string, (age: string) => Promise<unknown>, string, string]>([
    [
      'ended_sessions',
      (age) => database.sql`
        insert into identity.ended_sessions (id, ended_at) values (${newId()}, now() - ${age}::interval)`,
      '59 minutes',
      '61 minutes',
    ],
    [
      'session_watchers',
      (age) => database.sql`
        insert into identity.session_watchers (id, snapshot, read_at)
        values (${newId()}, pg_current_snapshot(), now() - ${age}::interval)`,
      '59 minutes',
      '61 minutes',
    ],
    [
      'registrations',
      (age) => database.sql`
        insert into identity.registrations (id, email, password_hash, expires_at)
        values (${newId()}, 'bob@example.org', 'hash', now() - ${age}::interval)`,
      '-1 minute',
      '0 minutes',
    ],
    [
      'mailed_tokens',
      (age) => database.sql`
        insert into identity.mailed_tokens (token_hash, purpose, user_id, expires_at)
        values (${secret()}, 'reset-password', ${ada}, now() - ${age}::interval)`,
      '-1 minute',
      '0 minutes',
    ],
    [
      'setup_links',
      (age) => database.sql`
        insert into identity.setup_links (token_hash, expires_at) values (${secret()}, now() - ${age}::interval)`,
      '-1 minute',
      '0 minutes',
    ],
    [
      'solicited_mails',
      (age) => database.sql`
        insert into identity.solicited_mails (address_hash, kind, sent_at)
        values (${secret()}, 'register', now() - ${age}::interval)`,
      '23 hours',
      '25 hours',
    ],
    [
      'audit',
      (age) => database.sql`
        insert into identity.audit (id, type, user_id, at)
        values (${newId()}, 'signed-in', ${ada}, now() - ${age}::interval)`,
      '364 days',
      '366 days',
    ],
    [
      'audit',
      (age) => database.sql`
        insert into identity.audit (id, type, at) values (${newId()}, 'sign-in-failed', now() - ${age}::interval)`,
      '23 hours',
      '25 hours',
    ],
    [
      'refresh_tokens',
      (age) => database.sql`
        insert into identity.refresh_tokens (token_hash, user_id, expires_at)
        values (${secret()}, ${ada}, now() - ${age}::interval)`,
      '-1 minute',
      '0 minutes',
    ],
  ])('of %s is forgotten, and the rest is kept', async (table, add, young, old) => {
    const before = await count(table);
    await add(young);
    await add(old);
    await forgetting.forget();
    expect(await count(table)).toBe(before + 1);
    await forgetting.forget();
    expect(await count(table)).toBe(before + 1);
  });

  it('of sessions are those that nothing can continue', async () => {
    const kept = [await tokens(-1, 2), await tokens(30), await page(1, 6), await page(30, 0)];
    const gone = [await tokens(-1, -2), await tokens(), await page(-1, 0), await page(30, 8)];
    await forgetting.forget();
    const sessions = await database.sql<{ id: string }>`select id from identity.sessions order by id`;
    expect(sessions.map(({ id }) => id)).toEqual(kept);
    expect([await count('web_sessions'), await count('refresh_tokens')]).toEqual([2, 2]);
    const ended = await database.sql<{ id: string }>`select id from identity.ended_sessions order by id`;
    expect(ended.map(({ id }) => id)).toEqual(gone);
  });

  it('is forgotten to the last row, however many there are', async () => {
    await database.sql`
      insert into identity.ended_sessions (id, ended_at)
      select gen_random_uuid(), now() - interval '2 hours' from generate_series(1, 25)`;
    await forgetting.forget(10);
    expect(await count('ended_sessions')).toBe(0);
  });

  it('is left to whoever has it at that moment', async () => {
    await database.sql`
      insert into identity.setup_links (token_hash, expires_at)
      select sha256(n::text::bytea), now() from generate_series(1, 2) as n`;
    const before = await count('setup_links');
    const other = new Client({ connectionString: postgres.url });
    await other.connect();
    await other.query(`begin; delete from identity.setup_links where token_hash = sha256('1')`);
    await forgetting.forget();
    expect(await count('setup_links')).toBe(before - 1);
    await other.query('commit');
    await other.end();
    expect(await count('setup_links')).toBe(before - 2);
  });
});

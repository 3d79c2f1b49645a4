import { Test } from '@nestjs/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase } from '../../../../test/support/database.ts';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { loadConfig } from '../config/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { Metrics } from '../metrics/index.ts';
import { Database, fragment } from './database.ts';
import { migrate } from './migrate.ts';

describe('the door to Postgres', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let app: INestApplicationContext;
  let database: Database;

  beforeAll(async () => {
    postgres = await migratedDatabase();
    const { config } = postgres;
    app = await Test.createTestingModule({ imports: platformModules(config, 'test', []) }).compile();
    database = app.get(Database);
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  it('hands over instants as dates, bigints as numbers, numerics as exact strings and arrays as one parameter', async () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const row = await database.one<object>`
      select ${at}::timestamptz as at, 9007199254740991::bigint as big, trim_scale(${'1.50'}::numeric) as price,
        ${['a', 'b']}::text[] as list, 'b' = any(${['a', 'b']}) as found`;
    expect(row).toEqual({ at, big: 9_007_199_254_740_991, price: '1.5', list: ['a', 'b'], found: true });
  });

  it('binds values inside fragments too', async () => {
    const condition = fragment`and name = ${"'; drop table x; --"}`;
    const rows = await database.sql`select 1 as one from (values ('x')) as t(name) where true ${condition}`;
    expect(rows).toEqual([]);
  });

  it('prepares what comes again and again, and goes on when a migration adds a column', async () => {
    await database.sql`create table public.coins (name text)`;
    await database.sql`insert into coins values ('BTC')`;
    // In one transaction, so on one connection.
    await database.transaction(async () => {
      const prepared = () =>
        database.sql`select statement, generic_plans + custom_plans as runs from pg_prepared_statements`;
      const find = (name: string) => database.sql`select name from coins where name = ${name}`;
      for (const name of ['A', 'B', 'C', 'D']) await find(name);
      expect(await prepared()).toEqual([]);
      for (const name of ['E', 'F', 'BTC']) await find(name);
      expect(await prepared()).toEqual([{ statement: 'select name from coins where name = $1', runs: 3 }]);
      await database.sql`alter table coins add column symbol text`;
      expect(await find('BTC')).toEqual([{ name: 'BTC' }]);
    });
  });

  it('joins the ambient transaction and rolls it back whole', async () => {
    await database.sql`create table public.notes (text text)`;
    const failing = database.transaction(async () => {
      await database.sql`insert into notes values ('outer')`;
      await database.transaction(() => database.sql`insert into notes values ('inner')`);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database.sql`select * from notes`).toEqual([]);
    expect(database.inTransaction).toBe(false);
  });

  it('runs what follows a commit after the outermost one, before the caller goes on, and never after a rollback', async () => {
    await database.sql`create table public.steps (step text)`;
    const seen: unknown[] = [];
    const look = async () => {
      // On another connection, which sees only what is committed.
      seen.push(database.inTransaction ? 'still inside' : await database.sql`select * from steps`);
    };
    await database.transaction(async () => {
      await database.transaction(async () => {
        await database.sql`insert into steps values ('one')`;
        await database.afterCommit(look);
      });
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([[{ step: 'one' }]]);
    const failing = database.transaction(async () => {
      await database.afterCommit(look);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(seen).toHaveLength(1);
    await database.afterCommit(look);
    expect(seen).toHaveLength(2);
  });

  it('tells how many connections it has, and who waits for one', async () => {
    const pool = async () => {
      const families = parseExposition(await app.get(Metrics).text());
      const of = (name: string, labels = {}) => totalOf(families, `tocsin_postgres_pool_${name}`, labels);
      return { busy: of('connections', { state: 'busy' }), waiting: of('waiting'), size: of('size') };
    };
    const enough = Promise.withResolvers<void>();
    const held = Array.from({ length: 12 }, () => database.transaction(() => enough.promise));
    await expect.poll(pool).toEqual({ busy: 10, waiting: 2, size: 10 });
    enough.resolve();
    await Promise.all(held);
    expect(await pool()).toEqual({ busy: 0, waiting: 0, size: 10 });
  });

  it('keeps a commit whose follow-up fails', async () => {
    await database.sql`create table public.kept (text text)`;
    const kept = await database.transaction(async () => {
      await database.afterCommit(() => Promise.reject(new Error('Redis is away.')));
      await database.sql`insert into kept values ('kept')`;
      return 'committed';
    });
    expect([kept, await database.sql`select * from kept`]).toEqual(['committed', [{ text: 'kept' }]]);
  });

  it('migrates once, however many processes start at the same time', async () => {
    const fresh = await createDatabase(inject('postgresUrl'));
    const config = loadConfig({ DATABASE_URL: fresh.url, TOCSIN_PROFILE: 'embedded' });
    const applied = await Promise.all(Array.from({ length: 3 }, () => migrate(config, [])));
    await fresh.drop();
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  });
});

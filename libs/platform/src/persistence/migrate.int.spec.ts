import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Config, loadConfig } from '../config/index.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { migrate } from './migrate.ts';
import { platformMigrations } from './platform.migrations.ts';
import { concurrentIndex, sqlMigration } from './sql-migration.ts';

describe('migrating', () => {
  let postgres: TestDatabase;
  let config: Config;

  beforeEach(async () => {
    postgres = await createDatabase(inject('postgresUrl'));
    config = loadConfig({ DATABASE_URL: postgres.url, TOCSIN_PROFILE: 'embedded' });
  });

  afterEach(() => postgres.drop());

  const ofThePlatform = platformMigrations.map(({ name }) => name);
  const context = (migrations: Record<string, string>): ContextPersistence => ({
    entities: [],
    migrations: Object.entries(migrations).map(([name, script]) => sqlMigration(name, script)),
  });

  const rows = async (sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('runs what is new, in order and once, and says what', async () => {
    const first = { '1_houses': 'create table houses (name text)' };
    const second = { ...first, '2_doors': 'create table doors (name text); insert into doors values (1)' };
    expect(await migrate(config, [context(first)])).toEqual([...ofThePlatform, '1_houses']);
    expect(await migrate(config, [context(second)])).toEqual(['2_doors']);
    expect(await migrate(config, [context(second)])).toEqual([]);
    expect(await rows('select * from doors')).toEqual([{ name: '1' }]);
  });

  it('goes only as far as it is told to, in its own order', async () => {
    const all = { '1_houses': 'create table houses (name text)', '2_doors': '', '3_rooms': 'nonsense' };
    const only = ['2_doors', '1_houses', '20261121000000_platform_messaging'];
    const inOrder = only.toReversed();
    expect(await migrate(config, [context(all)], only)).toEqual(inOrder);
  });

  it('leaves nothing of one that fails, says which one and why, and goes on there the next time', async () => {
    const first = { '1_houses': 'create table houses (name text); insert into houses values (1)' };
    const broken = { ...first, '2_doors': 'create table doors (name text); select 1 / 0', '3_keys': '' };
    await expect(migrate(config, [context(broken)])).rejects.toThrow(/2_doors.*division by zero/);
    expect(await rows(`select tablename from pg_tables where tablename in ('houses', 'doors')`)).toEqual([
      { tablename: 'houses' },
    ]);

    const mended = { ...broken, '2_doors': 'create table doors (name text)' };
    expect(await migrate(config, [context(mended)])).toEqual(['2_doors', '3_keys']);
    expect(await rows('select * from houses')).toEqual([{ name: '1' }]);
  });

  it('keeps what earlier starts have done when a later migration fails', async () => {
    await migrate(config, [context({ '1_houses': 'create table houses (name text)' })]);
    const broken = { '1_houses': '', '2_doors': 'drop table houses; select nothing' };
    await expect(migrate(config, [context(broken)])).rejects.toThrow('2_doors');
    expect(await rows('select * from houses')).toEqual([]);
  });

  it('does not mind migrations that it no longer knows', async () => {
    await migrate(config, [context({ '1_houses': 'create table houses (name text)' })]);
    expect(await migrate(config, [context({ '2_doors': 'create table doors (name text)' })])).toEqual([
      '2_doors',
    ]);
  });

  it('ends in order when the session that holds its lock is lost', async () => {
    const killing = `
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'tocsin migrate'`;
    await expect(migrate(config, [context({ '1_houses': killing })])).resolves.toContain('1_houses');
  });

  it('leaves no session behind, whether it succeeds or fails', async () => {
    await migrate(config, []);
    await migrate(config, [context({ '1_houses': 'nonsense' })]).catch(() => undefined);
    const mine = `select application_name from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
    await expect.poll(() => rows(mine)).toEqual([]);
  });

  describe('while a long transaction uses a table', () => {
    const houses = {
      // With an index that looks like one whose build was broken off.
      '1_houses': 'create table houses (name text); create index houses_by_name on houses (upper(name))',
    };
    const rooms = { ...houses, '2_rooms': 'alter table houses add column rooms integer' };
    let long: pg.Client;

    beforeEach(async () => {
      await migrate(config, [context(houses)]);
      long = new pg.Client({ connectionString: postgres.url });
      await long.connect();
      await long.query('begin; insert into houses values (1)');
    });

    afterEach(() => long.end());

    /** Resolves once a session waits for that transaction in a statement with this word. */
    const waits = async (word: string) =>
      await expect
        .poll(
          () =>
            rows(`select from pg_stat_activity where datname = current_database()
              and wait_event_type = 'Lock' and query ~ '${word}'`),
          { timeout: 10_000 },
        )
        .not.toEqual([]);

    it('waits for it without holding up others, and runs once it is over', async () => {
      const migrating = migrate(config, [context(rooms)]);
      await waits('add column');
      // Behind a lock that is waited for without end, this would wait until the transaction is over.
      expect(await rows('select * from houses')).toEqual([]);
      await waits('add column');
      await long.query('commit');
      expect(await migrating).toEqual(['2_rooms']);
      expect(await rows('select * from houses')).toEqual([{ name: '1', rooms: null }]);
    });

    it('gives up in the end, naming itself, and changes nothing', async () => {
      await expect(migrate(config, [context(rooms)], undefined, 0)).rejects.toThrow(/2_rooms.*lock timeout/);
      await long.query('commit');
      expect(await rows('select * from houses')).toEqual([{ name: '1' }]);
    });

    it('builds an index that others can write beside, and again when that was broken off', async () => {
      const index = concurrentIndex('2_by_name', 'public', 'houses_by_name', 'houses (name)');
      const migrating = migrate(config, [
        { entities: [], migrations: [...context(houses).migrations, index] },
      ]);
      await waits('concurrently');
      await rows('insert into houses values (2)');
      await long.query('commit');
      expect(await migrating).toEqual(['2_by_name']);
      expect(
        await rows(`select indexdef, indisvalid from pg_indexes join pg_index on indexrelid = indexname::regclass
          where indexname = 'houses_by_name'`),
      ).toEqual([{ indexdef: expect.stringMatching(/houses USING btree \(name\)$/), indisvalid: true }]);
    });

    it('builds one also while the server still builds that of a process that was killed', async () => {
      const index = concurrentIndex('2_by_name', 'public', 'houses_by_its_name', 'houses (name)');
      const orphan = rows('create index concurrently houses_by_its_name on houses (name)').catch(
        (error: unknown) => error,
      );
      await waits('concurrently');
      const migrating = migrate(config, [
        { entities: [], migrations: [...context(houses).migrations, index] },
      ]);
      await waits('drop index');
      await long.query('commit');
      expect(await migrating).toEqual(['2_by_name']);
      await orphan;
      expect(
        await rows(`select from pg_index where indexrelid = 'houses_by_its_name'::regclass and indisvalid`),
      ).toHaveLength(1);
    });
  });
});

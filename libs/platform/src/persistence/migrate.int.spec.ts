import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Config, loadConfig } from '../config/index.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { migrate } from './migrate.ts';
import { platformMigrations } from './platform.migrations.ts';
import { sqlMigration } from './sql-migration.ts';

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

  it('leaves nothing half done when one fails, says which one and why, and can be tried again', async () => {
    const houses = 'create table houses (name text); insert into houses values (1)';
    const broken = { '1_houses': houses, '2_doors': 'create table doors (name text); select 1 / 0' };
    await expect(migrate(config, [context(broken)])).rejects.toThrow(/2_doors.*division by zero/);
    expect(await rows(`select from pg_tables where tablename in ('houses', 'doors', 'outbox')`)).toEqual([]);

    const mended = { ...broken, '2_doors': 'create table doors (name text)' };
    expect(await migrate(config, [context(mended)])).toEqual([...ofThePlatform, '1_houses', '2_doors']);
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
});

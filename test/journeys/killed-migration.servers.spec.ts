import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrationNames } from '#platform/persistence';
import { contexts } from '../../apps/embedded/src/contexts.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { scaled } from '../support/scale.ts';

const program = fileURLToPath(new URL('../../dist/apps/api/src/migrate.js', import.meta.url));

describe('a process that is killed while it migrates', () => {
  let database: TestDatabase;
  let session: Client;

  beforeEach(async () => {
    database = await createDatabase(inject('postgresUrl'));
    session = new Client({ connectionString: database.url });
    await session.connect();
  });
  afterEach(async () => {
    await session.end();
    await database.drop();
  });

  const start = (): ChildProcess => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, TOCSIN_PROFILE: 'embedded', DATABASE_URL: database.url };
    return spawn(process.execPath, [program], { env, stdio: 'ignore' });
  };
  const kill = async (migrating: ChildProcess): Promise<void> => {
    const gone = once(migrating, 'exit');
    migrating.kill('SIGKILL');
    await gone;
  };
  const expectTheNextToFinish = async (): Promise<void> => {
    const [code] = (await once(start(), 'exit')) as unknown[];
    expect(code).toBe(0);
    const { rows } = await session.query<{ name: string }>('select name from platform.migrations');
    expect(rows.map(({ name }) => name).sort()).toEqual(migrationNames(contexts).sort());
    const { rows: queue } = await session.query(`select to_regclass('bullmq.job') is not null as there`);
    expect(queue).toEqual([{ there: true }]);
  };

  it.each([
    ['the tables of the queue', 'bullmq'],
    ['its first tables', 'identity'],
    ['its last ones', 'delivery'],
  ])('in the middle of %s leaves the rest to the next one', async (_what, schema) => {
    // Whoever makes a schema of this name waits for what becomes of this one.
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query(`begin; create schema ${schema}`);
    const migrating = start();
    const waiting = async () => {
      const { rowCount } = await session.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and query ilike '%create schema%${schema}%'`,
      );
      return rowCount;
    };
    await expect.poll(waiting, { timeout: 30_000 }).toBe(1);
    await kill(migrating);
    await holder.query('rollback');
    await holder.end();
    await expectTheNextToFinish();
  });

  it('at any moments leaves the rest to the next one', async () => {
    for (let kills = 0; kills < scaled(3, 30); kills += 1) {
      const migrating = start();
      const inside = async () => {
        const { rowCount } = await session.query(
          `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
        );
        return (rowCount ?? 0) > 0 || migrating.exitCode !== null;
      };
      await expect.poll(inside, { timeout: 30_000, interval: 2 }).toBe(true);
      await delay(Math.random() * 300);
      if (migrating.exitCode === null) await kill(migrating);
    }
    await expectTheNextToFinish();
  });
});

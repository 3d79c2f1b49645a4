import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { loadConfig } from '../config/index.ts';
import { migrate, migrationNames } from '../persistence/index.ts';
import { type PostgresServer, startPostgres } from '../postgres-server/index.ts';
import { loadBackup, readBackup, writeBackup } from './index.ts';

describe('a backup', () => {
  let folder: string;
  let ours: PostgresServer;
  let older: TestDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-versions-'));
    chmodSync(folder, 0o711);
    ours = await startPostgres({ dataDir: folder, durable: false });
    older = await createDatabase(inject('postgresUrl'));
    for (const url of [ours.url, older.url]) {
      await migrate(loadConfig({ DATABASE_URL: url, TOCSIN_PROFILE: 'embedded' }), []);
    }
  });
  afterAll(async () => {
    await older.drop();
    await ours.stop();
    rmSync(folder, { recursive: true });
  });

  const query = async (url: string, sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('of one major version of Postgres is restored on another, older or newer', async () => {
    const version = (url: string) => query(url, `select current_setting('server_version_num')`);
    expect(await version(ours.url)).not.toEqual(await version(older.url));
    const all = 'select * from platform.outbox order by id';
    await query(
      older.url,
      `insert into platform.outbox (id, type, payload, occurred_at, due_at) values
        (gen_random_uuid(), 'ü', '{"a": [1.50, null, "\\n"]}', '2026-11-22 01:02:03.123456Z', 'infinity')`,
    );
    const expected = await query(older.url, all);
    for (const [index, [from, to]] of [
      [older.url, ours.url] as const,
      [ours.url, older.url] as const,
    ].entries()) {
      const file = join(folder, `${index}.tar.gz`);
      await writeBackup({ databaseUrl: from, file, files: {}, print: () => {} });
      await query(to, 'delete from platform.outbox');
      const backup = await readBackup(file, migrationNames([]), () => {});
      await loadBackup(backup, to, () => {});
      expect(await query(to, all)).toEqual(expected);
    }
  });
});

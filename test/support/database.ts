import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { vi } from 'vitest';

/** A database of a spec file's own; `drop` takes it away, whoever is still connected. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * Makes an empty database, or a copy of `template` (to which nobody may be connected).
 * `adminUrl` is `inject('postgresUrl')`.
 */
export async function createDatabase(adminUrl: string, template = 'template1'): Promise<TestDatabase> {
  // Files are copied faster than logged block by block, where no checkpoint has to reach a disk.
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await run(adminUrl, `create database ${name} template ${template} strategy file_copy`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  // Autovacuum is the superuser's, so nobody else's force ends it; it will be done in a moment.
  const drop = () => run(adminUrl, `drop database ${name} with (force)`);
  return { url: url.href, drop: () => vi.waitFor(drop, { timeout: 10_000, interval: 100 }) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../libs/platform/src/postgres-server/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A Postgres for this run, as a role that may create databases. Every spec file makes its own from it. */
    postgresUrl: string;
  }
}

/** One throw-away Postgres for the run, or the one that `TEST_DATABASE_URL` names. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    project.provide('postgresUrl', given);
    return undefined;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  // Where the tests run as root, the account that runs Postgres has to get in.
  chmodSync(dataDir, 0o711);
  const postgres = await startPostgres({ dataDir, durable: false });
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    rmSync(dataDir, { recursive: true });
  };
}

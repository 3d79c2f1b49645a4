import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { type Config, loadConfig } from '#platform/config';
import { type ContextPersistence, migrate } from '#platform/persistence';
import { allMigrations } from '../../libs/platform/src/persistence/orm-options.ts';
import { createDatabase, type TestDatabase } from './database.ts';

/** The settings of a process that does nothing but work on a database. */
const settings = {
  TOCSIN_PROFILE: 'embedded',
  LOG_LEVEL: 'trace',
  ENCRYPTION_KEY: 'a secret of a test, long enough for it',
};

/** A database of a spec's own with the tables of these contexts, and the settings of a process on it. */
export async function migratedDatabase(
  contexts: readonly ContextPersistence[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<TestDatabase & { readonly config: Config }> {
  const database = await createMigratedDatabase(inject('postgresUrl'), contexts);
  return { ...database, config: loadConfig({ ...settings, DATABASE_URL: database.url, ...variables }) };
}

/**
 * The database alone. Copied from one that the first spec of the run to ask for these contexts has migrated: that takes
 * many times as long.
 */
export async function createMigratedDatabase(
  adminUrl: string,
  contexts: readonly ContextPersistence[],
): Promise<TestDatabase> {
  const scripts = allMigrations(contexts).map(({ name, script }) => [name, script]);
  const template = `migrated_${createHash('sha256').update(JSON.stringify(scripts)).digest('hex').slice(0, 32)}`;
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // Specs run at the same time, and one of them migrates for all.
    await client.query('select pg_advisory_lock(hashtext($1))', [template]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount === 0) {
      const database = await createDatabase(adminUrl);
      await migrate(loadConfig({ ...settings, DATABASE_URL: database.url }), contexts);
      // Under this name there is none that is half done.
      await client.query(`alter database ${new URL(database.url).pathname.slice(1)} rename to ${template}`);
    }
  } finally {
    await client.end();
  }
  return createDatabase(adminUrl, template);
}

import { inject } from 'vitest';
import { type Config, loadConfig } from '#platform/config';
import { type ContextPersistence, migrate } from '#platform/persistence';
import { createDatabase, type TestDatabase } from './database.ts';

/** A database of a spec's own with the tables of these contexts, and the settings of a process on it. */
export async function migratedDatabase(
  contexts: readonly ContextPersistence[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<TestDatabase & { readonly config: Config }> {
  const database = await createDatabase(inject('postgresUrl'));
  const config = loadConfig({
    DATABASE_URL: database.url,
    TOCSIN_PROFILE: 'embedded',
    LOG_LEVEL: 'trace',
    ENCRYPTION_KEY: 'a secret of a test, long enough for it',
    ...variables,
  });
  await migrate(config, contexts);
  return { ...database, config };
}

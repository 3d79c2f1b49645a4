import type { Config } from '../config/index.ts';
import type { ContextPersistence } from '../persistence/index.ts';
import { postgresAt } from './postgres.ts';
import { redisAt } from './redis.ts';
import { expectMayMigrate, expectMigrated } from './schema.ts';
import { type Patience, toStderr, waitUntilUsable } from './wait-until-usable.ts';

/**
 * Resolves once everything that a process needs can be used: Postgres with the tables of this version, and the
 * Redis of `REDIS_URL`. At most half a minute for each; after the start Redis may be away.
 */
export async function waitForServices(
  config: Config,
  contexts: readonly ContextPersistence[],
  patience: Patience = {},
): Promise<void> {
  const { say = toStderr } = patience;
  await waitForTables(config, contexts, patience);
  if (config.redisUrl === null) return;
  const redis = redisAt(config.redisUrl);
  const { evictionPolicy } = await waitUntilUsable(redis, patience);
  if (evictionPolicy !== 'noeviction') {
    say(
      `REDIS_URL: Redis at ${redis.address} throws jobs away when it is full (maxmemory-policy ${evictionPolicy}); set it to noeviction.`,
    );
  }
}

/** Resolves once the database has the tables of this version. */
export async function waitForTables(
  config: Config,
  contexts: readonly ContextPersistence[],
  patience: Patience = {},
): Promise<void> {
  const { say = toStderr } = patience;
  const url = urlOf(config);
  // Two waits: those who migrate an empty database may have waited for its server themselves.
  await waitUntilUsable(
    postgresAt(url, () => Promise.resolve()),
    patience,
  );
  const database = postgresAt(url, (session) => expectMigrated(session, contexts));
  const { unknown } = await waitUntilUsable(database, patience);
  if (unknown.length > 0) {
    say(
      `DATABASE_URL: a newer version has migrated Postgres at ${database.address} (${unknown.at(-1)}); this one goes on beside it.`,
    );
  }
}

/** Resolves once Postgres can be used and lets this role migrate it. */
export function waitForPostgres(config: Config, patience: Patience = {}): Promise<void> {
  const database = postgresAt(urlOf(config), (_session, facts) => Promise.resolve(expectMayMigrate(facts)));
  return waitUntilUsable(database, patience);
}

function urlOf({ databaseUrl }: Config): string {
  if (databaseUrl === null) throw new Error('A database URL is needed here.');
  return databaseUrl;
}

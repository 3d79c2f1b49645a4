import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Config } from '../config/index.ts';
import { migrateQueues } from '../queues/migrate-queues.ts';
import { connectionOptions } from './connections.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { untilUnlocked } from './lock-timeout.ts';
import { ormOptions } from './orm-options.ts';

/** Any number of processes may start at once; this session lock lets one migrate and the others wait. */
export const migrationLock = 7_628_114_019;

/**
 * Brings the database to the newest schema, or only as far as the migrations of these names go, while older versions
 * use it. One that does not get its locks at once tries again, for `patienceMs`. Returns the names of those that ran.
 * @throws Error naming the migration that failed; it has left nothing, those before it are there
 */
export async function migrate(
  config: Config,
  contexts: readonly ContextPersistence[],
  only?: readonly string[],
  patienceMs = 300_000,
): Promise<string[]> {
  const lock = new pg.Client(connectionOptions(config.databaseUrl, 'tocsin migrate'));
  // Whatever ends this session ends the others too, or leaves them to finish; a crash would help neither.
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await lock.query('select pg_advisory_lock($1)', [migrationLock]);
    await lock.query('set lock_timeout = 500');
    await untilUnlocked(() => migrateQueues(lock), patienceMs);
    const orm = await MikroORM.init({ ...ormOptions(config, contexts), logger: () => undefined });
    const applied: string[] = [];
    let current: string | undefined;
    orm.migrator.on('migrating', ({ name }) => void (current = name));
    orm.migrator.on('migrated', ({ name }) => void applied.push(name));
    try {
      await untilUnlocked(() => orm.migrator.up(only && { migrations: [...only] }), patienceMs);
      return applied;
    } catch (error) {
      if (current === undefined || !(error instanceof Error)) throw error;
      throw new Error(`Migration ${current} failed: ${error.message}`, { cause: error });
    } finally {
      await orm.close();
    }
  } finally {
    await lock.end();
  }
}

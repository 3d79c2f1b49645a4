import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import type { Config } from '../config/index.ts';
import { migrateQueues } from '../queues/migrate-queues.ts';
import { connectionOptions } from './connections.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { ormOptions } from './orm-options.ts';

/** Any number of processes may start at once; this session lock lets one migrate and the others wait. */
export const migrationLock = 7_628_114_019;

/**
 * Brings the database to the newest schema, or only as far as the migrations of these names go. Returns the names
 * of those that ran.
 * @throws Error naming the migration that failed; none of those that were pending has then left anything
 */
export async function migrate(
  config: Config,
  contexts: readonly ContextPersistence[],
  only?: readonly string[],
): Promise<string[]> {
  const lock = new pg.Client(connectionOptions(config.databaseUrl, 'tocsin migrate'));
  // Whatever ends this session ends the others too, or leaves them to finish; a crash would help neither.
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await lock.query('select pg_advisory_lock($1)', [migrationLock]);
    await migrateQueues(lock);
    const orm = await MikroORM.init({ ...ormOptions(config, contexts), logger: () => undefined });
    let current: string | undefined;
    orm.migrator.on('migrating', ({ name }) => void (current = name));
    try {
      const applied = await orm.migrator.up(only && { migrations: [...only] });
      return applied.map(({ name }) => name);
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

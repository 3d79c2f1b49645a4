import { vi } from 'vitest';
import { type Database, fragment } from '#platform/persistence';

/** Cuts the session that holds the liveness lock of this worker, and waits until nobody holds it. */
export async function cutLock(database: Database, workerId: number): Promise<void> {
  const lock = fragment`
    from pg_locks where locktype = 'advisory' and objid = ${workerId}::oid and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())`;
  const cut = await database.sql`select pg_terminate_backend(pid) ${lock}`;
  if (cut.length !== 1) throw new Error(`${cut.length} sessions hold the lock of worker ${workerId}.`);
  await vi.waitFor(async () => {
    if ((await database.sql`select pid ${lock}`).length > 0) throw new Error('The lock is still held.');
  });
}

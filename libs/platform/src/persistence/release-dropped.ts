import type pg from 'pg';

const graceMs = 1_000;

/**
 * Gives back the place in the pool of a connection that was dropped inside a transaction. kysely releases a
 * connection after `commit` or `rollback` succeeded, and on a dead connection neither does: each drop would
 * cost a place, and after `DATABASE_POOL_SIZE` of them the process could do nothing any more.
 */
export function releaseDropped(pool: pg.Pool): void {
  const held = new WeakSet<object>();
  pool.on('acquire', (client) => held.add(client));
  pool.on('release', (_error, client) => held.delete(client));
  pool.on('connect', (client) => {
    client.once('end', () => {
      // Whoever releases properly has done so by then; twice would be an error.
      setTimeout(() => held.has(client) && client.release(true), graceMs).unref();
    });
  });
}

import type pg from 'pg';
import type { Metrics } from '../metrics/metrics.ts';

/** Has the connections of a process told with its metrics. */
export function measurePool(pool: pg.Pool, metrics: Metrics): void {
  metrics.gauge(
    'tocsin_postgres_pool_connections',
    'Connections to Postgres that are open, by what they do: busy or idle.',
    ['state'],
    () => [
      [{ state: 'busy' }, pool.totalCount - pool.idleCount],
      [{ state: 'idle' }, pool.idleCount],
    ],
  );
  metrics.gauge(
    'tocsin_postgres_pool_size',
    'Connections to Postgres that this process may open for its queries.',
    [],
    () => [[{}, pool.options.max]],
  );
  metrics.gauge(
    'tocsin_postgres_pool_waiting',
    'Statements and transactions that wait for a connection.',
    [],
    () => [[{}, pool.waitingCount]],
  );
}

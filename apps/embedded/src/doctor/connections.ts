import type pg from 'pg';
import type { Config } from '#platform/config';
import { failed, type Finding, ok, warn } from './finding.ts';

/**
 * What an api and a worker open at most, beyond their pools: each one for NOTIFY, the worker one for its liveness
 * lock; without a Redis three for the queue and four for its worker (see the READMEs of platform and delivery).
 */
const needed = ({ databasePoolSize, redisUrl }: Config): number =>
  2 * databasePoolSize + 3 + (redisUrl === null ? 7 : 0);

/** Whether the server has the connections that an installation may open. */
export async function connections(config: Config, session: pg.Client): Promise<Finding> {
  const { rows } = await session.query<{ most: number; used: number }>(`
    select (select sum(case name when 'max_connections' then setting::integer else -setting::integer end)::integer
        from pg_settings where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections'))
        as most,
      (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as used`);
  const { most, used } = rows[0]!;
  const text = `${used} of ${most} connections are used; an api and a worker open up to ${needed(config)}`;
  const advice = 'Raise its max_connections, or lower DATABASE_POOL_SIZE.';
  if (needed(config) > most) return failed(text, advice);
  return used >= 0.9 * most ? warn(text, advice) : ok(text);
}

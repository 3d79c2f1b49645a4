import type { Database } from '#platform/persistence';

/** A provider that asked to wait, and for how many seconds more nothing goes there. */
interface PausedProvider {
  readonly name: string;
  readonly reason: string | null;
  readonly seconds: number;
}

export const readPausedProviders = (database: Database): Promise<PausedProvider[]> =>
  database.sql<PausedProvider>`
    select name, reason, extract(epoch from paused_until - now())::float8 as seconds
    from delivery.providers where paused_until > now() order by name`;

import { startPostgres } from '#platform/postgres-server';
import { createDatabase } from './database.ts';
import { type DebianPostgres, startDebianPostgres } from './debian-postgres.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** What the processes of an installation stand on. */
export interface Ground {
  readonly variables: Record<string, string>;
  /** Null where it is shared with others. */
  readonly postgres: DebianPostgres | null;
  /** Null in the embedded profile. */
  readonly redis: RedisServer | null;
  close(): Promise<void>;
}

/**
 * Postgres from npm packages; in the suite on servers a database in Debian's Postgres, and a Redis of its own. With
 * `ownPostgres` a server of Debian's that may be stopped.
 */
export async function prepareGround(dataDir: string, ownPostgres: boolean): Promise<Ground> {
  const servers = process.env['TEST_SERVERS'];
  if (servers === undefined && !ownPostgres) {
    const postgres = await startPostgres({ dataDir, durable: false });
    const variables = { TOCSIN_PROFILE: 'embedded', DATABASE_URL: postgres.url };
    return { variables, postgres: null, redis: null, close: () => postgres.stop() };
  }
  const [postgres, redis] = await Promise.all([ownPostgres ? startDebianPostgres() : null, startRedis()]);
  const database = await createDatabase(postgres?.url ?? servers ?? '');
  const variables = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    EMAIL_VERIFICATION: 'off',
    MAIL_FROM: 'Tocsin <alerts@example.org>',
  };
  return {
    variables,
    postgres,
    redis,
    close: async () => {
      await Promise.all([postgres ? postgres.close() : database.drop(), redis.close()]);
    },
  };
}

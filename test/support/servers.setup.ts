import type { TestProject } from 'vitest/node';
import { startDebianPostgres } from './debian-postgres.ts';

/** The Postgres of Debian's package for the whole run. A spec starts its own Redis with `startRedis`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startDebianPostgres();
  process.stdout.write(`Postgres ${postgres.major} from Debian's package.\n`);
  project.provide('postgresUrl', postgres.url);
  // Read by specs that run in other projects as well, and by the journeys' installations.
  process.env['TEST_SERVERS'] = postgres.url;
  return () => postgres.close();
}

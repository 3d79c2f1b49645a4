import { MikroORM } from '@mikro-orm/postgresql';
import { Database } from './database.ts';
import { forRequests, ormOptions } from './orm-options.ts';

/** For a program that only asks: runs `read` in one transaction that cannot write, without the parts of a process. */
export async function readDatabase<T>(
  databaseUrl: string,
  read: (database: Database) => Promise<T>,
): Promise<T> {
  const orm = await MikroORM.init({
    ...ormOptions({ databaseUrl, databasePoolSize: 2 }, [], forRequests),
    logger: () => undefined,
  });
  try {
    return await orm.em.transactional(() => read(new Database(orm.em)), { readOnly: true });
  } finally {
    await orm.close(true);
  }
}

import type pg from 'pg';
import { type ContextPersistence, migrationNames } from '../persistence/index.ts';
import { errorCode } from '../data-dir/index.ts';
import type { PostgresFacts } from './postgres.ts';
import { Unusable } from './unusable.ts';

/** How a database stands to this version of the program. */
export interface SchemaState {
  /** Migrations of this version that did not run there yet. */
  readonly pending: readonly string[];
  /** Migrations that ran there and that this version does not know: a newer one was at work. */
  readonly unknown: readonly string[];
}

/** Compares what ran there with what this version has. */
export async function schemaState(
  session: pg.Client,
  contexts: readonly ContextPersistence[],
): Promise<SchemaState> {
  const known = migrationNames(contexts);
  const applied = await appliedMigrations(session);
  return {
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** @throws Unusable when the tables are not there yet, or are not for this role */
export async function expectMigrated(
  session: pg.Client,
  contexts: readonly ContextPersistence[],
): Promise<SchemaState> {
  const state = await schemaState(session, contexts);
  const count = state.pending.length;
  if (count > 0) {
    throw new Unusable(
      `lacks ${count} migration${count === 1 ? '' : 's'} of this version (npm run db:migrate)`,
      true,
    );
  }
  // Who migrates and who works may be two roles, and the second one may have been forgotten.
  await session.query('select from platform.outbox limit 0');
  return state;
}

/** @throws Unusable with the statement that helps */
export function expectMayMigrate({ mayMigrate, database, role }: PostgresFacts): void {
  if (mayMigrate) return;
  throw new Unusable(
    `does not let this role make schemas: grant create on database "${database}" to "${role}"`,
    false,
  );
}

async function appliedMigrations(session: pg.Client): Promise<string[]> {
  try {
    const { rows } = await session.query<{ name: string }>(
      'select name from platform.migrations order by name',
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    const notThere = ['42P01', '3F000'].includes(errorCode(error) ?? '');
    if (notThere) return [];
    throw error;
  }
}

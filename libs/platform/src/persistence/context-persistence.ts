import type { EntitySchema } from '@mikro-orm/core';
import type { SqlMigration } from './sql-migration.ts';

/** What a context keeps in Postgres, in a schema of its own named after it. */
export interface ContextPersistence {
  // The ORM's own element type: a list mixes schemas of many entity classes.
  readonly entities: readonly EntitySchema[];
  /** Forward only, in order; names are unique over all contexts and never change once released. */
  readonly migrations: readonly SqlMigration[];
}

import type { MigrationObject } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';

/** A migration that only goes forward, with the SQL that it runs. */
export interface SqlMigration extends MigrationObject {
  readonly script: string;
}

/** Milliseconds a migration waits for a lock: whoever comes to that table meanwhile waits behind it. */
const lockTimeoutMs = 500;

/** One script, run in a transaction of its own, which gives up rather than hold up who uses a table. */
export function sqlMigration(name: string, script: string): SqlMigration {
  return forward(name, script, [`set local lock_timeout = ${lockTimeoutMs}`, script], true);
}

/**
 * An index on a table that is in use already, e.g. `('…', 'alerts', 'alerts_by_target', 'alerts.alerts (target)')`.
 * Built outside of a transaction: it may take long and holds up nobody. One that was broken off is begun again.
 */
export function concurrentIndex(name: string, schema: string, index: string, on: string): SqlMigration {
  const create = `create index concurrently ${index} on ${on}`;
  return forward(name, create, [`drop index concurrently if exists ${schema}.${index}`, create], false);
}

function forward(
  name: string,
  script: string,
  statements: readonly string[],
  transactional: boolean,
): SqlMigration {
  return {
    name,
    script,
    class: class extends Migration {
      override up(): void {
        for (const statement of statements) this.addSql(statement);
      }

      override down(): void {
        throw new Error(`Migration ${name} only goes forward.`);
      }

      override isTransactional(): boolean {
        return transactional;
      }
    },
  };
}

import type { MigrationObject } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';

/** A forward-only migration: one script, run in one transaction with all others that are pending. */
export function sqlMigration(name: string, script: string): MigrationObject {
  return {
    name,
    class: class extends Migration {
      override up(): void {
        this.addSql(script);
      }

      override down(): void {
        throw new Error(`Migration ${name} only goes forward.`);
      }
    },
  };
}

import { vi } from 'vitest';
import type { Database } from '#platform/persistence';

/** Resolves once that many statements wait for a lock. */
export async function statementsWaiting(database: Database, count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { waiting } = await database.one<{ waiting: number }>`
        select count(*) as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      if (waiting !== count) throw new Error(`${waiting} statements wait for a lock, not ${count}.`);
    },
    { timeout: 10_000 },
  );
}

import type { Database } from '#platform/persistence';

/** Locks these deliveries until the ambient transaction is over, in the order in which everybody does. */
export async function lockRows(database: Database, deliveryIds: readonly string[]): Promise<void> {
  await database.sql`
    select id from delivery.deliveries where id = any(${deliveryIds}::uuid[]) order by id for update`;
}

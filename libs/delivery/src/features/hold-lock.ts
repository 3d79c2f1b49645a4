import type { Database } from '#platform/persistence';

/**
 * Keeps a hold on sending from beginning or ending until the ambient transaction is over. Shared, and therefore
 * no row: claims would queue up on writing their locks into it. Only a later statement may ask whether sending
 * is held: this one's snapshot may be older than a hold it has waited for.
 */
export async function shareHold(database: Database): Promise<void> {
  await database.sql`select pg_advisory_xact_lock_shared(hashtext('delivery.hold'))`;
}

/** Waits for every claim under way and lets none begin until the ambient transaction is over. */
export async function lockHold(database: Database): Promise<void> {
  await database.sql`select pg_advisory_xact_lock(hashtext('delivery.hold'))`;
}

import type { Database } from '#platform/persistence';

/**
 * Takes share locks on the sources of these deliveries for the rest of the transaction, in the one order that
 * everybody uses (sources by type and id, then rows), and returns the deliveries that have a deleted source.
 * The row is read after the lock was granted: a sub-select without the lock would still see the old snapshot
 * after having waited for a deletion.
 */
export async function lockSources(database: Database, deliveryIds: readonly string[]): Promise<Set<string>> {
  const rows = await database.sql<{ delivery_id: string; deleted_at: Date | null }>`
    select link.delivery_id, source.deleted_at
    from delivery.sources as source
    join delivery.delivery_sources as link on link.source_type = source.type and link.source_id = source.id
    where link.delivery_id = any(${deliveryIds}::uuid[])
    order by source.type, source.id
    for share of source`;
  return new Set(rows.filter((row) => row.deleted_at !== null).map((row) => row.delivery_id));
}

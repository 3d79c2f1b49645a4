import { type Database, fragment } from '#platform/persistence';
import type { Source } from '../contracts/index.ts';

/**
 * Keeps the sources of these deliveries from being deleted for the rest of the transaction. Only a later statement
 * may ask whether one of them is deleted ({@link underDeletedSource}): this one's snapshot may be older than a
 * deletion it has waited for. Advisory locks and not share locks on the rows: those let one claim after another in
 * while a deletion waits, for as long as a campaign lasts (decision 0025).
 */
export async function shareSources(database: Database, deliveryIds: readonly string[]): Promise<void> {
  await database.sql`
    select pg_advisory_xact_lock_shared(key) from (
      select distinct hashtextextended(source_type || ' ' || source_id, 0) as key
      from delivery.delivery_sources where delivery_id = any(${deliveryIds}::uuid[])
      order by key) as sources`;
}

/** Waits for everybody who shares the source, and lets nobody share it until the ambient transaction is over. */
export async function lockSource(database: Database, { type, id }: Source): Promise<void> {
  await database.sql`select pg_advisory_xact_lock(hashtextextended(${type} || ' ' || ${id}::uuid, 0))`;
}

/** {@link underDeletedSource} for a session of its own, which has no {@link Database}. */
export const underDeletedSourceText = `exists (
  select from delivery.delivery_sources as link
  join delivery.sources as source on source.type = link.source_type and source.id = link.source_id
  where link.delivery_id = delivery.id and source.deleted_at is not null)`;

/** Whether a source of the row called `delivery` is deleted. */
export const underDeletedSource = fragment.raw<boolean>(underDeletedSourceText);

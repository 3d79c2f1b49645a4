import type { Database } from '#platform/persistence';

/**
 * Makes mails about an account to this address the account's own, also those that came before it, such as the one that
 * confirmed the address: they stop with it and are erased with it. The caller holds the account locked as a source.
 */
export async function ownAccountMails(database: Database, userId: string, address: string): Promise<void> {
  // Whoever claims or settles one that had no source shares none with the deletion that comes next, so its row is locked.
  await database.sql`
    with mails as materialized (
      select id from delivery.deliveries
      where notification_id is null and lower(recipient) = lower(${address}) order by id for update)
    insert into delivery.delivery_sources (source_type, source_id, delivery_id)
    select 'account', ${userId}::uuid, id from mails on conflict do nothing`;
}

import type { Database } from '#platform/persistence';

/**
 * Makes mails about an account to this address the account's own, also those that came before it, such as the one that
 * confirmed the address: they stop with it and are erased with it.
 */
export async function ownAccountMails(database: Database, userId: string, address: string): Promise<void> {
  await database.sql`
    insert into delivery.delivery_sources (source_type, source_id, delivery_id)
    select 'account', ${userId}::uuid, id from delivery.deliveries
    where notification_id is null and lower(recipient) = lower(${address}) on conflict do nothing`;
}

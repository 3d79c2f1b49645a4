import type { Database } from '#platform/persistence';
import type { DeliveriesProgressed } from '../contracts/index.ts';
import { progressOf } from './progress.ts';

/**
 * Ends those of these deliveries that wait: never tried ones are cancelled, or suppressed where their address is; of
 * tainted ones nobody knows. The caller holds their sources and rows locked. Returns the events that tell of it.
 */
export async function endUnfinished(
  database: Database,
  deliveryIds: readonly string[],
  reason: 'source-deleted' | 'discarded' | 'address-suppressed',
): Promise<DeliveriesProgressed[]> {
  if (deliveryIds.length === 0) return [];
  const untried = reason === 'address-suppressed' ? 'suppressed' : 'cancelled';
  const ended = await database.sql<{ notification_id: string | null; tainted: boolean }>`
    update delivery.deliveries set
      status = case when tainted then 'unknown' else ${untried} end,
      reason = ${reason}, version = version + 1, settled_at = now()
    where id = any(${deliveryIds}::uuid[]) and status in ('pending', 'retrying')
    returning notification_id, tainted`;
  return progressOf(
    ended.map(({ notification_id: notificationId, tainted }) =>
      tainted
        ? { notificationId, from: 'retrying', to: 'unknown' }
        : { notificationId, from: 'pending', to: untried },
    ),
  );
}

import type { DeliveryCounts, DeliveryState, DeliveryTransition } from '#libs/delivery/contracts';
import type { Database } from '#platform/persistence';

/** Counts of a notification as they follow from every transition that was published. */
export async function publishedCounts(
  database: Database,
  notificationId: string,
): Promise<Partial<DeliveryCounts>> {
  const events = await database.sql<{ transition: DeliveryTransition }>`
    select jsonb_array_elements(payload -> 'transitions') as transition
    from platform.outbox where type = 'delivery.deliveries-progressed.v1'`;
  const counts: Partial<Record<DeliveryState, number>> = {};
  for (const { transition } of events) {
    if (transition.notificationId !== notificationId) continue;
    const { from, to, count } = transition;
    counts[to] = (counts[to] ?? 0) + count;
    if (from) counts[from] = (counts[from] ?? 0) - count;
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

import { Database, fragment } from '#platform/persistence';
import type { Attempt, DeliveryView } from '../contracts/index.ts';

// Why an address is suppressed is not told: it may say that its owner had an account.
const columns = fragment`
  id, notification_id as "notificationId", channel, recipient as "to", status,
  case status when 'suppressed' then 'address-suppressed' else reason end as reason,
  message_id_header as "messageId", retry_of as "retryOf", retried_by as "retriedBy", tainted,
  created_at as "createdAt", due_at as "scheduledAt", settled_at as "settledAt"`;

/**
 * Reads deliveries, with every attempt, of which `rest` (the statement from `where` on) tells which and in what order.
 * Not what they say: the delivery log shows that to nobody.
 */
export async function readDeliveries(
  database: Database,
  rest: ReturnType<typeof fragment>,
): Promise<DeliveryView[]> {
  const deliveries = await database.sql<Omit<DeliveryView, 'attempts'>>`
    select ${columns} from delivery.deliveries ${rest}`;
  const attempts = await database.sql<Attempt & { deliveryId: string }>`
    select delivery_id as "deliveryId", id, number, outcome, provider, worker_id as "workerId", request, code, response,
      message_id as "messageId", scheduled_at as "scheduledAt", claimed_at as "claimedAt",
      handed_over_at as "handedOverAt", settled_at as "settledAt",
      round(extract(epoch from settled_at - handed_over_at) * 1000)::integer as "durationMs"
    from delivery.attempts where delivery_id = any(${deliveries.map(({ id }) => id)}::uuid[])
    order by number`;
  const attemptsOf = Map.groupBy(attempts, ({ deliveryId }) => deliveryId);
  return deliveries.map((delivery) => ({
    ...delivery,
    attempts: (attemptsOf.get(delivery.id) ?? []).map(({ deliveryId: _of, ...attempt }) => attempt),
  }));
}

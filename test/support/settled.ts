import { DeliveriesProgressed, type DeliveryState } from '#libs/delivery/contracts';
import { newId } from '#kernel';
import { Outbox, Relay } from '#platform/messaging';
import type { Api } from './api.ts';

/** Has a worker have handed a delivery over, with this end, and tells whom it concerns. */
export async function settled(
  { app, database }: Api,
  deliveryId: string,
  status: DeliveryState,
  response = `told ${status}`,
): Promise<void> {
  const tainted = status === 'unknown' || status === 'retrying';
  const { notificationId } = await database.one<{ notificationId: string | null }>`
    update delivery.deliveries set status = ${status}, reason = ${response}, tainted = ${tainted},
      claim_token = 1, version = 3, attempts = 1, claimed_at = now(), settled_at = now()
    where id = ${deliveryId} returning notification_id as "notificationId"`;
  await database.sql`
    insert into delivery.attempts (id, delivery_id, number, worker_id, provider, scheduled_at, handed_over_at,
      settled_at, outcome, code, response, message_id, request)
    values (${newId()}, ${deliveryId}, 1, 1000000, 'smtp', now(), now(), now() + interval '25 milliseconds',
      ${status === 'sent' ? 'accepted' : 'failed'}, '550', ${response}, ${`<${deliveryId}@example.org>`},
      '{"from": "tocsin@example.org", "to": "bob@example.org", "bytes": 4711, "tls": "TLSv1.3", "authenticated": true}')`;
  if (notificationId === null) return;
  const transitions = [{ notificationId, from: 'pending', to: status, count: 1 }] as const;
  await database.transaction(() => app.get(Outbox).append([new DeliveriesProgressed({ transitions })]));
  await app.get(Relay).drain();
}

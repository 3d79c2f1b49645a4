import { newId } from '#kernel';
import { DeliveriesRequested, type RequestedDelivery } from '#libs/notifications/contracts';
import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import type { Source } from '../contracts/index.ts';
import { keyOf, MakeDeliveries } from './make-deliveries.ts';
import { progressOf } from './progress.ts';

/** Makes a delivery for each recipient. Under a deleted source it is made cancelled, so that counts stay true. */
@ReactsTo(DeliveriesRequested)
export class OnDeliveriesRequested implements Reaction<DeliveriesRequested> {
  constructor(
    private readonly deliveries: MakeDeliveries,
    private readonly outbox: Outbox,
  ) {}

  async react({ payload }: DeliveriesRequested): Promise<void> {
    const deleted = await this.deliveries.lock(payload.deliveries.flatMap(sourcesOf));
    const messages = payload.deliveries.map((requested) => {
      const { notificationId, subject, text, html, recipients } = requested;
      const sources = sourcesOf(requested);
      const stopped = sources.some((source) => deleted.has(keyOf(source)));
      const status = stopped ? ('cancelled' as const) : ('pending' as const);
      const deliveries = recipients.map(({ channel, to }) => ({ id: newId(), channel, to, status }));
      return { notificationId, subject, text, html, sources, deliveries };
    });
    await this.deliveries.make(messages);
    const steps = messages.flatMap(({ notificationId, deliveries }) =>
      deliveries.map(({ status: to }) => ({ notificationId, from: null, to })),
    );
    await this.outbox.append(progressOf(steps));
  }
}

function sourcesOf({ notificationId, alertIds, accountId }: RequestedDelivery): Source[] {
  const alerts = [...new Set(alertIds)].map((id) => ({ type: 'alert' as const, id }));
  // Requests of older versions do not say whose they are.
  const account = accountId === undefined ? [] : [{ type: 'account' as const, id: accountId }];
  return [{ type: 'notification', id: notificationId }, ...alerts, ...account];
}

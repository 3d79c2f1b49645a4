import { newId } from '#kernel';
import { DeliveriesRequested, type RequestedDelivery } from '#libs/notifications/contracts';
import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import type { Source } from '../contracts/index.ts';
import { keyOf, MakeDeliveries, type NewDelivery, type NewMessage } from './make-deliveries.ts';
import { progressOf } from './progress.ts';
import { Suppressions } from './suppressions.ts';

/**
 * Makes a delivery for each recipient. Under a deleted source it is made cancelled, to a suppressed address suppressed,
 * so that counts stay true. Under a deleted account it is made as the erasure of that account leaves all others.
 */
@ReactsTo(DeliveriesRequested)
export class OnDeliveriesRequested implements Reaction<DeliveriesRequested> {
  constructor(
    private readonly deliveries: MakeDeliveries,
    private readonly suppressions: Suppressions,
    private readonly outbox: Outbox,
  ) {}

  async react({ payload }: DeliveriesRequested): Promise<void> {
    const deleted = await this.deliveries.lock(payload.deliveries.flatMap(sourcesOf));
    const addresses = payload.deliveries.flatMap(({ recipients }) => recipients.map(({ to }) => to));
    const suppressed = await this.suppressions.among(addresses);
    const messages = payload.deliveries.map((requested) => messageOf(requested, deleted, suppressed));
    await this.deliveries.make(messages);
    const steps = messages.flatMap(({ notificationId, deliveries }) =>
      deliveries.map(({ status: to }) => ({ notificationId, from: null, to })),
    );
    await this.outbox.append(progressOf(steps));
  }
}

function messageOf(
  requested: RequestedDelivery,
  deleted: ReadonlySet<string>,
  suppressed: ReadonlySet<string>,
): NewMessage {
  const { notificationId, subject, text, html, recipients } = requested;
  const sources = sourcesOf(requested);
  const gone = sources.filter((source) => deleted.has(keyOf(source)));
  const stateOf = (to: string): Pick<NewDelivery, 'status' | 'reason'> => {
    if (gone.length > 0) return { status: 'cancelled', reason: 'source-deleted' };
    if (suppressed.has(to)) return { status: 'suppressed', reason: 'address-suppressed' };
    return { status: 'pending', reason: null };
  };
  const deliveries = recipients.map(({ channel, to }) => ({ id: newId(), channel, to, ...stateOf(to) }));
  // Somebody waits for an alert; nobody does for what was written to many.
  const bulk = requested.alertIds.length === 0;
  const message = { notificationId, bulk, subject, text, html, sources, deliveries };
  return gone.some(({ type }) => type === 'account') ? erased(message) : message;
}

const erased = (message: NewMessage): NewMessage => ({
  ...message,
  subject: '',
  text: '',
  html: '',
  sources: message.sources.filter(({ type }) => type !== 'account'),
  deliveries: message.deliveries.map((delivery) => ({ ...delivery, to: '' })),
});

function sourcesOf({ notificationId, alertIds, accountId }: RequestedDelivery): Source[] {
  const alerts = [...new Set(alertIds)].map((id) => ({ type: 'alert' as const, id }));
  // Requests of older versions do not say whose they are.
  const account = accountId === undefined ? [] : [{ type: 'account' as const, id: accountId }];
  return [{ type: 'notification', id: notificationId }, ...alerts, ...account];
}

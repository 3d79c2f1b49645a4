import { DomainEvent } from '#kernel';

/** One message to one address over one channel. */
export interface Recipient {
  readonly channel: 'email';
  readonly to: string;
}

/** A rendered message with everybody it goes to; at most 1,000 recipients an event, several events a notification. */
export interface RequestedDelivery {
  readonly notificationId: string;
  /** The alerts it tells of: each is a source whose deletion stops it too. */
  readonly alertIds: readonly string[];
  /** Whose notification it is: their account is a source too. Absent in requests of older versions. */
  readonly accountId?: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly recipients: readonly Recipient[];
}

/** Somebody is owed these messages. */
export class DeliveriesRequested extends DomainEvent<{ readonly deliveries: readonly RequestedDelivery[] }> {
  static override readonly type = 'notifications.deliveries-requested.v1';
}

/** The rows of a deleted account are still to be erased here; stated again as long as that is so. */
export class NotificationsErasureDue extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'notifications.notifications-erasure-due.v1';
}

/** Published inside the deleting transaction: nothing of the notification may be handed over any more. */
export class NotificationDeleted extends DomainEvent<{ readonly notificationId: string }> {
  static override readonly type = 'notifications.notification-deleted.v1';
}

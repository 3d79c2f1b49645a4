import { QueryBus } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { AlertDeleted } from '#libs/alerts/contracts';
import { FindSourceState } from '#libs/delivery/contracts';
import { InTransactionPublisher, type Reaction, ReactsWithin } from '#platform/messaging';
import { NotificationDeleted } from '../contracts/index.ts';
import { AlertLocks } from '../persistence/alert-locks.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';

/** What is still owed of a deleted alert is deleted with it, in its transaction, and says how that ended. */
@ReactsWithin(AlertDeleted)
export class OnAlertDeleted implements Reaction<AlertDeleted> {
  constructor(
    private readonly queries: QueryBus,
    private readonly publisher: InTransactionPublisher,
    private readonly alerts: AlertLocks,
    private readonly notifications: NotificationRepository,
    private readonly clock: Clock,
  ) {}

  async react({ payload: { alertId } }: AlertDeleted): Promise<void> {
    const now = this.clock.now();
    await this.alerts.delete(alertId, now);
    for (const notification of await this.notifications.outstandingOf(alertId)) {
      const { id } = notification;
      // Delivery reacts to the alert's deletion too, before this or after: it is told of each notification,
      // so that the outcome is true whichever it was.
      await this.publisher.publish(new NotificationDeleted({ notificationId: id }));
      const remains = await this.queries.execute(new FindSourceState({ type: 'notification', id }));
      if (!notification.wasSent(remains)) notification.delete(remains, now);
    }
  }
}

import { Clock } from '#kernel';
import { AlertDeleted } from '#libs/alerts/contracts';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { outstandingStatuses } from '../domain/notification-status.ts';
import { AlertLocks } from '../persistence/alert-locks.ts';

/**
 * What is still owed of a deleted alert is deleted with it, in its transaction. Delivery stops the rows in a
 * reaction of its own, before this one or after, so the outcome stays open here: something outstanding has
 * progress to come, be it a cancellation, and that settles it.
 */
@ReactsWithin(AlertDeleted)
export class OnAlertDeleted implements Reaction<AlertDeleted> {
  constructor(
    private readonly database: Database,
    private readonly alerts: AlertLocks,
    private readonly clock: Clock,
  ) {}

  async react({ payload: { alertId } }: AlertDeleted): Promise<void> {
    const now = this.clock.now();
    await this.alerts.delete(alertId, now);
    await this.database.sql`
      update notifications.notifications set
        status = 'deleted',
        deletion = jsonb_build_object('outcome', 'pending', 'at', ${now.toISOString()}::text, 'deliveries', counts)
      where id in (
        select id from notifications.notifications
        where firings <> '[]' and firings @> ${JSON.stringify([{ alertId }])}::jsonb
          and status = any(${outstandingStatuses})
        order by id for update)`;
  }
}

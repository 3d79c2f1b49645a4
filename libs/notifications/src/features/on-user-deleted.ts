import { Clock } from '#kernel';
import { UserDeleted } from '#libs/identity/contracts';
import { Outbox, type Reaction, ReactsWithin } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { NotificationsErasureDue } from '../contracts/index.ts';
import { outstandingStatuses } from '../domain/notification-status.ts';

/**
 * What the account has not sent is deleted with it, in its transaction: nobody can send it any more. What is owed already
 * delivery stops by the account. Notifications that are being made hold the account, so all of them are seen here.
 */
@ReactsWithin(UserDeleted)
export class OnUserDeleted implements Reaction<UserDeleted> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async react({ payload: { userId } }: UserDeleted): Promise<void> {
    const at = this.clock.now().toISOString();
    // Of a draft nothing is owed. Of all others the progress to come tells how that ended, unless the rows are gone by then.
    await this.database.sql`
      update notifications.notifications set
        status = 'deleted',
        deletion = jsonb_build_object('outcome', case when requested is null then 'cancelled' else 'pending' end,
          'at', ${at}::text, 'deliveries', counts)
      where id in (
        select id from notifications.notifications
        where owner_id = ${userId} and status = any(${['draft', ...outstandingStatuses]})
        order by id for update)`;
    await this.outbox.append([new NotificationsErasureDue({ userId })]);
  }
}

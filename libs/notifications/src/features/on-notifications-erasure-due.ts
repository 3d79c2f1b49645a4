import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { NotificationsErasureDue } from '../contracts/index.ts';

const batchSize = 1_000;

/**
 * Erases notifications of a deleted account, so many at a time, whatever became of them: nobody is left who could ask
 * how a deletion ended, and progress of a row that is gone changes nothing.
 */
@ReactsTo(NotificationsErasureDue)
export class OnNotificationsErasureDue implements Reaction<NotificationsErasureDue> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  async react({ payload: { userId } }: NotificationsErasureDue): Promise<void> {
    const erased = await this.database.sql`
      delete from notifications.notifications where id in (
        select id from notifications.notifications where owner_id = ${userId}
        order by id limit ${batchSize} for update)
      returning id`;
    if (erased.length === batchSize) await this.outbox.append([new NotificationsErasureDue({ userId })]);
  }
}

import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AlertsErasureDue } from '../contracts/index.ts';

const batchSize = 1_000;

/**
 * Erases alerts of a deleted account with their history and receipts, so many at a time. An engine that has not read of
 * the deletion even now drops such an alert when its level is reached: the compare-and-set finds no row.
 */
@ReactsTo(AlertsErasureDue)
export class OnAlertsErasureDue implements Reaction<AlertsErasureDue> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  async react({ payload: { userId } }: AlertsErasureDue): Promise<void> {
    const erased = await this.database.sql`
      delete from alerts.alerts where id in (
        select id from alerts.alerts where user_id = ${userId} order by id limit ${batchSize} for update)
      returning id`;
    if (erased.length === batchSize) await this.outbox.append([new AlertsErasureDue({ userId })]);
  }
}

import { Clock } from '#kernel';
import { UserDeleted } from '#libs/identity/contracts';
import { Outbox, type Reaction, ReactsWithin } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AlertsErasureDue } from '../contracts/index.ts';

/** Milliseconds until the rows go: engines read within a second or two that the alerts are deleted. */
const untilReadMs = 30_000;

/**
 * All alerts of the account are deleted with it, in its transaction: no engine fires one any more. What stems from them
 * stems from the account too, so nobody is told of each.
 */
@ReactsWithin(UserDeleted)
export class OnUserDeleted implements Reaction<UserDeleted> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async react({ payload: { userId } }: UserDeleted): Promise<void> {
    await this.database.sql`
      update alerts.alerts set status = 'deleted', deleted_at = ${this.clock.now()}, version = version + 1
      where id in (
        select id from alerts.alerts where user_id = ${userId} and status <> 'deleted' order by id for update)`;
    await this.outbox.append([new AlertsErasureDue({ userId })], untilReadMs);
  }
}

import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { DeliveriesErasureDue } from '../contracts/index.ts';

const batchSize = 1_000;
/** Milliseconds until it is looked again whether the last hand-overs have ended. */
const againMs = 10_000;

/**
 * Erases from deliveries of a deleted account to whom they went, what they said, what was asked of providers and what
 * those answered, so many at a time. States and times stay: they count and name nobody. A delivery that is being handed
 * over has its outcome written first. The link to the account goes last, so links are what is still to be done.
 */
@ReactsTo(DeliveriesErasureDue)
export class OnDeliveriesErasureDue implements Reaction<DeliveriesErasureDue> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  async react({ payload: { userId } }: DeliveriesErasureDue): Promise<void> {
    const erased = await this.eraseBatch(userId);
    const { left } = await this.database.one<{ left: boolean }>`
      select exists (select from delivery.delivery_sources
        where source_type = 'account' and source_id = ${userId}) as left`;
    if (!left) return;
    const pause = erased === batchSize ? 0 : againMs;
    await this.outbox.append([new DeliveriesErasureDue({ userId })], pause);
  }

  private async eraseBatch(userId: string): Promise<number> {
    const erased = await this.database.sql<{ id: string; message: string }>`
      update delivery.deliveries set recipient = '', reason = null
      where id in (
        select delivery.id
        from delivery.deliveries as delivery
        join delivery.delivery_sources as link on link.delivery_id = delivery.id
        where link.source_type = 'account' and link.source_id = ${userId}
          and delivery.status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown')
        order by delivery.id limit ${batchSize} for update of delivery)
      returning id, message_id as message`;
    const ids = erased.map(({ id }) => id);
    await this.database.sql`
      update delivery.attempts set response = null, request = null where delivery_id = any(${ids}::uuid[])`;
    await this.database.sql`
      update delivery.messages set subject = '', text = '', html = ''
      where id = any(${erased.map(({ message }) => message)}::uuid[])`;
    await this.database.sql`
      delete from delivery.delivery_sources
      where source_type = 'account' and source_id = ${userId} and delivery_id = any(${ids}::uuid[])`;
    return erased.length;
  }
}

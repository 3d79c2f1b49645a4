import { QueryBus } from '@nestjs/cqrs';
import { DeliveriesProgressed, type DeliveryTransition, FindSourceState } from '#libs/delivery/contracts';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { type Deletion, settle } from '../domain/deletion.ts';
import { type DeliveryCounts, plus } from '../domain/delivery-counts.ts';
import { statusOf } from '../domain/notification-status.ts';

interface Progress {
  readonly id: string;
  readonly scheduled: boolean;
  readonly requested: number | null;
  readonly counts: DeliveryCounts;
  readonly deletion: Deletion | null;
}

/** Adds transitions to the counts of their notifications; sums commute, so their order does not matter. */
@ReactsTo(DeliveriesProgressed)
export class OnDeliveriesProgressed implements Reaction<DeliveriesProgressed> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  react(event: DeliveriesProgressed): Promise<void> {
    return this.reactToAll([event]);
  }

  async reactToAll(events: readonly DeliveriesProgressed[]): Promise<void> {
    const all = events.flatMap(({ payload }) => payload.transitions);
    const transitions = Map.groupBy(all, ({ notificationId }) => notificationId);
    const before = await this.lock([...transitions.keys()]);
    const after = before.map((progress) => this.add(progress, transitions.get(progress.id) ?? []));
    await this.write(await Promise.all(after));
  }

  private lock(ids: readonly string[]): Promise<Progress[]> {
    return this.database.sql<Progress>`
      select id, send_at is not null as scheduled, requested, counts, deletion
      from notifications.notifications where id = any(${ids}) order by id for update`;
  }

  private async add(progress: Progress, transitions: readonly DeliveryTransition[]): Promise<Progress> {
    const counts = transitions.reduce(plus, progress.counts);
    return { ...progress, counts, deletion: await this.settled(progress) };
  }

  /** An open deletion ends with the hand-overs under way. Counts may lack a transition: delivery itself is asked. */
  private async settled({ id, deletion }: Progress): Promise<Deletion | null> {
    if (deletion?.outcome !== 'pending') return deletion;
    return settle(deletion, await this.queries.execute(new FindSourceState({ type: 'notification', id })));
  }

  private async write(progress: readonly Progress[]): Promise<void> {
    const rows = progress.map(({ id, counts, deletion, ...facts }) => ({
      id,
      counts,
      deletion,
      status: statusOf({ ...facts, counts, deleted: deletion !== null }),
    }));
    await this.database.sql`
      update notifications.notifications as notification
      set counts = after.counts, deletion = after.deletion, status = after.status
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as after(id uuid, counts jsonb, deletion jsonb, status text)
      where notification.id = after.id`;
  }
}

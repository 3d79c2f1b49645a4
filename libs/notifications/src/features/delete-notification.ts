import { setTimeout as wait } from 'node:timers/promises';
import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { Clock, type ExpectedVersions } from '#kernel';
import { FindSourceState, type SourceState } from '#libs/delivery/contracts';
import type { Principal } from '#platform/http';
import { InTransactionPublisher } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { NotificationDeleted } from '../contracts/index.ts';
import { type Deletion, outcomeOf } from '../domain/deletion.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';

/** The answer to a deletion; only a pending one may be another when it is asked for again. */
export interface DeletedNotification extends Pick<Deletion, 'outcome' | 'deliveries'> {
  readonly id: string;
  /** Attempts that are being handed over while the outcome is pending; no new one starts. */
  readonly inFlight: readonly string[];
}

/** Deletes a notification and says what is true of it; repeated, it looks again at a pending outcome. */
export class DeleteNotification extends Command<DeletedNotification> {
  constructor(
    readonly principal: Principal,
    readonly id: string,
    readonly expected: ExpectedVersions,
  ) {
    super();
  }
}

/** How long a request waits for hand-overs to end, and how often it looks, in milliseconds (design, section 5). */
const patience = 2000;
const interval = 50;

@CommandHandler(DeleteNotification)
export class DeleteNotificationHandler implements ICommandHandler<DeleteNotification> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly publisher: InTransactionPublisher,
    private readonly notifications: NotificationRepository,
    private readonly clock: Clock,
  ) {}

  async execute(command: DeleteNotification): Promise<DeletedNotification> {
    const { id } = command;
    const answer = await this.database.transaction(() => this.delete(command));
    if (answer.outcome !== 'pending') return answer;
    for (let waited = 0; waited < patience; waited += interval) {
      await wait(interval);
      if (outcomeOf(await this.remainsOf(id)) !== 'pending') break;
    }
    // Also after the last look in vain: the answer names what is in flight now.
    return this.database.transaction(() => this.delete(command));
  }

  private async delete({ principal, id, expected }: DeleteNotification): Promise<DeletedNotification> {
    const notification = await this.notifications.visibleTo(principal, id);
    if (!notification.deletion) {
      notification.expect(expected);
      // Delivery waits for claims under way, then cancels; only then its answer is true.
      await this.publisher.publish(new NotificationDeleted({ notificationId: id }));
    }
    const remains = await this.remainsOf(id);
    const { outcome, deliveries } = notification.deletion
      ? notification.settleDeletion(notification.deletion, remains)
      : notification.delete(remains, this.clock.now());
    return outcome === 'pending'
      ? { id, outcome, deliveries: remains.counts, inFlight: remains.inFlight }
      : { id, outcome, deliveries, inFlight: [] };
  }

  private remainsOf(id: string): Promise<SourceState> {
    return this.queries.execute(new FindSourceState({ type: 'notification', id }));
  }
}

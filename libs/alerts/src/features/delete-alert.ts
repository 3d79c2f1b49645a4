import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { FindSourceState } from '#libs/delivery/contracts';
import { Clock, type ExpectedVersions } from '#kernel';
import { OwnerCache } from '#platform/cache';
import { InTransactionPublisher } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AlertRepository } from '../persistence/alert.repository.ts';
import { alertList } from './list-alerts.ts';
import { recordHistory } from './record-history.ts';

/** What of a deleted alert could not be stopped any more. */
export interface DeletedAlert {
  /** Attempts that were being handed over while it was deleted; no new one starts. */
  readonly inFlight: readonly string[];
}

/**
 * Deletes an alert and stops what stems from it, in one transaction; repeating it changes nothing.
 * @throws DomainError alerts.not-found, alerts.version-mismatch
 */
export class DeleteAlert extends Command<DeletedAlert> {
  constructor(
    readonly id: string,
    readonly userId: string,
    readonly expected: ExpectedVersions,
  ) {
    super();
  }
}

@CommandHandler(DeleteAlert)
export class DeleteAlertHandler implements ICommandHandler<DeleteAlert> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly publisher: InTransactionPublisher,
    private readonly alerts: AlertRepository,
    private readonly lists: OwnerCache,
    private readonly clock: Clock,
  ) {}

  async execute({ id, userId, expected }: DeleteAlert): Promise<DeletedAlert> {
    return this.database.transaction(async () => {
      const alert = await this.alerts.ofOwner(id, userId);
      const now = this.clock.now();
      // Repeated, it names the version from before the first time and has been done already (RFC 9110, 13.1.1).
      if (alert.status !== 'deleted') alert.expect(expected);
      const deleted = alert.delete(now);
      if (deleted) {
        await this.database.entities.flush();
        await recordHistory(this.database, [{ alertId: id, type: 'deleted', at: now, actor: 'user' }]);
        await this.publisher.publish(deleted);
        await this.database.afterCommit(() => this.lists.changed(alertList, [userId]));
      }
      const { inFlight } = await this.queries.execute(new FindSourceState({ type: 'alert', id }));
      return { inFlight };
    });
  }
}

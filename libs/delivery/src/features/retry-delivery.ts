import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import type { DeliveryState } from '../contracts/index.ts';
import * as errors from '../domain/delivery.errors.ts';
import { shareSources, underDeletedSource } from './lock-sources.ts';
import { MakeDeliveries } from './make-deliveries.ts';
import { progressOf } from './progress.ts';
import { Suppressions } from './suppressions.ts';

/**
 * Sends a failed delivery again, as another one that counts in its place: end states never change. One of which nobody
 * knows whether it arrived is sent again only by whoever accepts that it may arrive twice. Returns the id of the new one.
 * @throws DomainError delivery.not-found, delivery.not-failed, delivery.may-have-arrived, delivery.already-retried,
 *   delivery.text-erased, delivery.source-deleted, delivery.address-suppressed
 */
export class RetryDelivery extends Command<string> {
  constructor(
    readonly id: string,
    readonly acceptDuplicate: boolean,
  ) {
    super();
  }
}

interface Ended {
  readonly status: DeliveryState;
  readonly recipient: string;
  readonly notificationId: string | null;
  readonly retriedBy: string | null;
  /** A source of it is. */
  readonly deleted: boolean;
}

@CommandHandler(RetryDelivery)
export class RetryDeliveryHandler implements ICommandHandler<RetryDelivery> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly deliveries: MakeDeliveries,
    private readonly suppressions: Suppressions,
  ) {}

  execute({ id, acceptDuplicate }: RetryDelivery): Promise<string> {
    return this.database.transaction(async () => {
      // Until this has committed nobody deletes what it stems from, and whoever then does finds it.
      await shareSources(this.database, [id]);
      const delivery = await this.locked(id);
      assertRetriable(delivery, acceptDuplicate);
      await this.assertUnsuppressed(delivery.recipient);
      const retry = await this.deliveries.again(id);
      const { notificationId, status } = delivery;
      await this.outbox.append(progressOf([{ notificationId, from: status, to: 'pending' }]));
      return retry;
    });
  }

  private async locked(id: string): Promise<Ended> {
    const [delivery] = await this.database.sql<Ended>`
      select status, recipient, notification_id as "notificationId", retried_by as "retriedBy",
        ${underDeletedSource} as deleted
      from delivery.deliveries as delivery where id = ${id} for update`;
    if (!delivery) throw errors.deliveryNotFound();
    return delivery;
  }

  private async assertUnsuppressed(address: string): Promise<void> {
    if (!(await this.suppressions.among([address])).has(address)) return;
    const [operators] = await this.database.sql<{ id: string }>`
      select id from delivery.operator_suppressions where address_hash = ${this.suppressions.hash(address)}`;
    throw errors.addressSuppressed(operators?.id ?? null);
  }
}

function assertRetriable(delivery: Ended, acceptDuplicate: boolean): void {
  const { status, recipient, notificationId, retriedBy, deleted } = delivery;
  if (status !== 'failed' && status !== 'unknown') throw errors.notFailed(status);
  if (retriedBy !== null) throw errors.alreadyRetried(retriedBy);
  if (notificationId === null || recipient === '') throw errors.textErased();
  if (deleted) throw errors.sourceDeleted();
  if (status === 'unknown' && !acceptDuplicate) throw errors.mayHaveArrived();
}

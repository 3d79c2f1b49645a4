import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newId } from '#kernel';
import { Database } from '#platform/persistence';
import { alreadySuppressed } from '../domain/delivery.errors.ts';
import { EndSuppressed } from './end-suppressed.ts';
import { lockHold } from './hold-lock.ts';
import type { SuppressionView } from './list-suppressions.ts';
import { Suppressions } from './suppressions.ts';

/**
 * Sends nothing to an address any more but mails about an account: what waits is ended, what is requested later is made
 * suppressed. From the moment this has committed nothing to it is claimed; a hand-over that was under way ends as it ends.
 * @throws DomainError delivery.already-suppressed
 */
export class SuppressAddress extends Command<SuppressionView> {
  constructor(
    readonly address: string,
    readonly reason: string | null,
  ) {
    super();
  }
}

@CommandHandler(SuppressAddress)
export class SuppressAddressHandler implements ICommandHandler<SuppressAddress> {
  constructor(
    private readonly database: Database,
    private readonly suppressions: Suppressions,
    private readonly suppressed: EndSuppressed,
  ) {}

  execute({ address, reason }: SuppressAddress): Promise<SuppressionView> {
    return this.database.transaction(async () => {
      // Before the lock, since many may wait; what is requested meanwhile is ended by the claim that meets it.
      const waiting = await this.database.sql<{ id: string }>`
        select id from delivery.deliveries
        where status in ('pending', 'retrying') and lower(recipient) = lower(${address})
          and notification_id is not null`;
      // Waits for claims under way and lets none begin until this has committed.
      await lockHold(this.database);
      const added = await this.add(address, reason);
      await this.suppressed.end(waiting.map((delivery) => delivery.id));
      return added;
    });
  }

  private async add(address: string, reason: string | null): Promise<SuppressionView> {
    const hash = this.suppressions.hash(address);
    const [added] = await this.database.sql<SuppressionView>`
      insert into delivery.operator_suppressions (id, address_hash, reason) values (${newId()}, ${hash}, ${reason})
      on conflict (address_hash) do nothing returning id, reason, created_at as "createdAt"`;
    if (added) return added;
    const { id } = await this.database.one<{ id: string }>`
      select id from delivery.operator_suppressions where address_hash = ${hash}`;
    throw alreadySuppressed(id);
  }
}

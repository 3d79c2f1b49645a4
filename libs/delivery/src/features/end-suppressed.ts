import { Injectable } from '@nestjs/common';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { endUnfinished } from './end-unfinished.ts';
import { lockRows } from './lock-rows.ts';
import { Suppressions } from './suppressions.ts';

/**
 * Ends deliveries that wait and whose address is suppressed, for a claim that is about to take them: one may have been
 * requested, or come back from a provider, while its address was being suppressed. A claim shares the hold lock, which
 * {@link SuppressAddress} has alone, so a later statement sees every suppression that was answered.
 */
@Injectable()
export class EndSuppressed {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly suppressions: Suppressions,
  ) {}

  /** Mails about an account reach whom they are for. The caller holds the sources locked. */
  async among(deliveryIds: readonly string[]): Promise<void> {
    // Nothing at all where nothing is suppressed, which is one cheap question for each batch of claims.
    const waiting = await this.database.sql<{ id: string; recipient: string }>`
      select id, recipient from delivery.deliveries
      where id = any(${deliveryIds}::uuid[]) and status in ('pending', 'retrying') and notification_id is not null
        and (exists (select from delivery.suppressions) or exists (select from delivery.operator_suppressions))`;
    const suppressed = await this.suppressions.among(waiting.map(({ recipient }) => recipient));
    await this.end(waiting.filter(({ recipient }) => suppressed.has(recipient)).map(({ id }) => id));
  }

  async end(deliveryIds: readonly string[]): Promise<void> {
    if (deliveryIds.length === 0) return;
    await lockRows(this.database, deliveryIds);
    await this.outbox.append(await endUnfinished(this.database, deliveryIds, 'address-suppressed'));
  }
}

import { Injectable } from '@nestjs/common';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import type { Outcome } from '../channels/channel.ts';
import type { DeliveryState } from '../contracts/index.ts';
import { backoffMs } from '../domain/backoff.ts';
import { settle } from '../domain/settle.ts';
import { lockSources } from './lock-sources.ts';
import { progressOf } from './progress.ts';

/** An outcome and when it was reached, by the worker's clock. */
export interface Attempted extends Outcome {
  /** When the hand-over began; null when it never did. */
  readonly handedOverAt: Date | null;
  readonly settledAt: Date;
}

/** Writes down how an attempt ended, by compare-and-set on the claim token. */
@Injectable()
export class SettleAttempt {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Returns the state of the delivery, or null when somebody else owns it by now. */
  async settle(deliveryId: string, token: number, outcome: Attempted): Promise<DeliveryState | null> {
    return this.database.transaction(async () => {
      const deleted = await lockSources(this.database, [deliveryId]);
      await this.log(deliveryId, token, outcome);
      // A sweeper may have taken the claim away already; then only an acceptance still counts, as long as nobody
      // claimed anew.
      const [row] = await this.database.sql<{
        status: DeliveryState;
        tainted: boolean;
        attempts: number;
        notification_id: string | null;
      }>`
        select status, tainted, attempts, notification_id from delivery.deliveries
        where id = ${deliveryId} and claim_token = ${token}
          and (status = 'sending' or (status = 'retrying' and ${outcome.kind === 'accepted'}::boolean))
        for update`;
      if (!row) return null;
      const attempts = row.attempts + (row.status === 'sending' && outcome.handedOverAt ? 1 : 0);
      const next = settle(outcome.kind, { tainted: row.tainted, attempts, deleted: deleted.has(deliveryId) });
      const again = next.status === 'pending' || next.status === 'retrying';
      const reason =
        outcome.kind === 'accepted' ? null : ((outcome.response ?? outcome.code)?.slice(0, 500) ?? null);
      await this.database.sql`
        update delivery.deliveries set
          status = ${next.status}, tainted = ${next.tainted}, reason = ${reason}, attempts = ${attempts},
          version = version + 1, worker_id = null, enqueued_at = null,
          due_at = now() + ${again ? backoffMs(attempts) : 0} * interval '1 millisecond',
          settled_at = case when ${again}::boolean then null else now() end
        where id = ${deliveryId}`;
      await this.outbox.append(
        progressOf([{ notificationId: row.notification_id, from: row.status, to: next.status }]),
      );
      return next.status;
    });
  }

  private async log(deliveryId: string, token: number, outcome: Attempted): Promise<void> {
    await this.database.sql`
      update delivery.attempts set
        outcome = ${outcome.kind}, code = ${outcome.code}, response = left(${outcome.response}, 500),
        message_id = ${outcome.messageId}, handed_over_at = ${outcome.handedOverAt}, settled_at = ${outcome.settledAt}
      where delivery_id = ${deliveryId} and number = ${token}`;
  }
}

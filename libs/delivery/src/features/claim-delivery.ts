import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { shareHold } from './hold-lock.ts';
import { lockSources } from './lock-sources.ts';
import { progressOf } from './progress.ts';

/** The right to hand a delivery over once: valid as long as the row is `sending` with this token. */
export interface Claim {
  readonly deliveryId: string;
  readonly token: number;
  readonly channel: string;
  readonly requestedAt: Date;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
}

interface ClaimedRow {
  readonly token: number;
  readonly tainted: boolean;
  readonly notification_id: string | null;
  readonly channel: string;
  readonly requestedAt: Date;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly message_id_header: string;
}

/** Takes a delivery from `pending` or `retrying` to `sending`, committed before any byte goes out. */
@Injectable()
export class ClaimDelivery {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Returns null when the job is out of date, the delivery has ended, a source of it is deleted or sending is held. */
  async claim(
    deliveryId: string,
    version: number,
    workerId: number,
    provider: string,
  ): Promise<Claim | null> {
    return this.database.transaction(async () => {
      await shareHold(this.database);
      const deleted = await lockSources(this.database, [deliveryId]);
      if (deleted.has(deliveryId)) return null;
      const [row] = await this.database.sql<ClaimedRow>`
        with claimed as (
          update delivery.deliveries set
            status = 'sending', version = version + 1, claim_token = claim_token + 1,
            worker_id = ${workerId}, claimed_at = now()
          where id = ${deliveryId} and version = ${version} and status in ('pending', 'retrying')
            and not exists (select from delivery.hold)
          returning *),
        attempted as (
          insert into delivery.attempts (id, delivery_id, number, worker_id, provider)
          select ${newId()}, id, claim_token, worker_id, ${provider} from claimed)
        select claimed.claim_token as token, claimed.tainted, claimed.notification_id, claimed.channel,
          claimed.created_at as "requestedAt", claimed.recipient, claimed.message_id_header, message.subject, message.text, message.html
        from claimed join delivery.messages as message on message.id = claimed.message_id`;
      if (!row) return null;
      const from = row.tainted ? 'retrying' : 'pending';
      await this.outbox.append(progressOf([{ notificationId: row.notification_id, from, to: 'sending' }]));
      const {
        token,
        channel,
        requestedAt,
        recipient: to,
        subject,
        text,
        html,
        message_id_header: messageId,
      } = row;
      return { deliveryId, token, channel, requestedAt, to, subject, text, html, messageId };
    });
  }
}

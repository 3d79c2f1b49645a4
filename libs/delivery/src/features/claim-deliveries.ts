import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { EndSuppressed } from './end-suppressed.ts';
import { shareHold } from './hold-lock.ts';
import { shareSources, underDeletedSource } from './lock-sources.ts';
import { progressOf } from './progress.ts';

/** A delivery that a worker would hand over to this provider, as a job told it. */
export interface Wanted {
  readonly deliveryId: string;
  readonly version: number;
  readonly workerId: number;
  readonly provider: string;
}

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

interface ClaimedRow extends Claim {
  readonly attemptId: string;
  readonly tainted: boolean;
  readonly notificationId: string | null;
}

/** Takes deliveries from `pending` or `retrying` to `sending`, committed before any byte goes out. */
@Injectable()
export class ClaimDeliveries {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly suppressed: EndSuppressed,
  ) {}

  /**
   * Claims all of them in one transaction and returns the claim of each, or null: its job is out of date, the
   * delivery has ended, a source of it is deleted, its address is suppressed, or sending is held. Of several that want the same, one gets it.
   */
  async claim(given: readonly Wanted[]): Promise<(Claim | null)[]> {
    // Answered by attempt, not by delivery: two workers' ids may want the same one, and the row names one of them.
    const wanted = given.map((one) => ({ ...one, attemptId: newId() }));
    const ids = wanted.map(({ deliveryId }) => deliveryId);
    const rows = await this.database.transaction(async () => {
      await shareHold(this.database);
      await shareSources(this.database, ids);
      await this.suppressed.among(ids);
      const claimed = await this.take(wanted);
      await this.outbox.append(
        progressOf(
          claimed.map(({ notificationId, tainted }) => ({
            notificationId,
            from: tainted ? 'retrying' : 'pending',
            to: 'sending',
          })),
        ),
      );
      return claimed;
    });
    const claims = new Map<string, Claim>(rows.map((row) => [row.attemptId, row]));
    return wanted.map(({ attemptId }) => claims.get(attemptId) ?? null);
  }

  private take(wanted: readonly (Wanted & { readonly attemptId: string })[]): Promise<ClaimedRow[]> {
    const rows = JSON.stringify(wanted);
    return this.database.sql<ClaimedRow>`
      with wanted as (
        select "deliveryId", version, "workerId", provider, "attemptId"
        from json_to_recordset(${rows}::json) as wanted(
          "deliveryId" uuid, version integer, "workerId" integer, provider text, "attemptId" uuid)),
      free as materialized (
        select delivery.id, delivery.version, delivery.due_at from delivery.deliveries as delivery
        join wanted on wanted."deliveryId" = delivery.id and wanted.version = delivery.version
        where delivery.status in ('pending', 'retrying') and not ${underDeletedSource}
          and not exists (select from delivery.hold)
        order by delivery.id for update of delivery),
      claimed as (
        update delivery.deliveries as delivery set
          status = 'sending', version = delivery.version + 1, claim_token = claim_token + 1,
          worker_id = wanted."workerId", provider = wanted.provider, claimed_at = now()
        from wanted join free on free.id = wanted."deliveryId" and free.version = wanted.version
        where delivery.id = free.id
        returning delivery.id, delivery.message_id, delivery.notification_id, delivery.claim_token,
          delivery.tainted, delivery.channel, delivery.created_at, delivery.recipient,
          delivery.message_id_header, free.due_at, wanted."workerId", wanted.provider, wanted."attemptId"),
      attempted as (
        insert into delivery.attempts (id, delivery_id, number, worker_id, provider, scheduled_at)
        select "attemptId", id, claim_token, "workerId", provider, due_at from claimed)
      select "attemptId", claimed.id as "deliveryId", claimed.claim_token as token, claimed.channel,
        claimed.created_at as "requestedAt", claimed.recipient as "to", claimed.message_id_header as "messageId",
        message.subject, message.text, message.html,
        claimed.tainted, claimed.notification_id as "notificationId"
      from claimed join delivery.messages as message on message.id = claimed.message_id`;
  }
}

import { Injectable } from '@nestjs/common';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import type { Outcome } from '../channels/channel.ts';
import { speaksOfProvider } from '../channels/speaks-of-provider.ts';
import type { DeliveryState } from '../contracts/index.ts';
import { backoffMs, countTry, retriesOf } from '../domain/backoff.ts';
import { settle } from '../domain/settle.ts';
import { shareSources, underDeletedSource } from './lock-sources.ts';
import { progressOf } from './progress.ts';

/** An outcome and when it was reached, by the worker's clock. */
export interface Attempted extends Outcome {
  /** When the hand-over began; null when it never did. */
  readonly handedOverAt: Date | null;
  readonly settledAt: Date;
  /** Another provider could take it at once. */
  readonly elsewhere?: boolean;
}

/** How the attempt with this token has ended. */
export interface Ended {
  readonly deliveryId: string;
  readonly token: number;
  readonly attempted: Attempted;
}

interface OwnedRow {
  readonly id: string;
  readonly token: number;
  readonly status: 'sending' | 'retrying';
  readonly channel: string;
  readonly tainted: boolean;
  readonly attempts: number;
  readonly deferrals: number;
  readonly deleted: boolean;
  readonly notificationId: string | null;
}

interface Change {
  readonly id: string;
  readonly token: number;
  readonly notificationId: string | null;
  readonly from: OwnedRow['status'];
  readonly status: DeliveryState;
  readonly tainted: boolean;
  readonly attempts: number;
  readonly deferrals: number;
  readonly reason: string | null;
  /** Milliseconds until the next try; null when there is none. */
  readonly againMs: number | null;
  /** The next try waits for the end of its provider's pause. */
  readonly afterPause: boolean;
  /** Its provider was not asked after all. */
  readonly unasked: boolean;
}

/** Writes down how attempts ended, by compare-and-set on the claim token. */
@Injectable()
export class SettleAttempts {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Returns the state of each delivery, or null when somebody else owns it by now. */
  async settle(ended: readonly Ended[]): Promise<(DeliveryState | null)[]> {
    const changes = await this.database.transaction(async () => {
      await shareSources(
        this.database,
        ended.map(({ deliveryId }) => deliveryId),
      );
      await this.log(ended);
      // Two attempts of one delivery may end at the same time, when a worker has lost the first and claimed it anew.
      const outcomes = new Map(
        ended.map(({ deliveryId, token, attempted }) => [keyOf(deliveryId, token), attempted]),
      );
      const owned = await this.readOwned(ended);
      const made = owned.flatMap((row) => {
        const attempted = outcomes.get(keyOf(row.id, row.token));
        return attempted ? [changeOf(row, attempted)] : [];
      });
      await this.write(made);
      await this.outbox.append(progressOf(made.map(({ status: to, ...step }) => ({ ...step, to }))));
      return made;
    });
    const states = new Map(changes.map(({ id, token, status }) => [keyOf(id, token), status]));
    return ended.map(({ deliveryId, token }) => states.get(keyOf(deliveryId, token)) ?? null);
  }

  /**
   * Logs the attempts and locks their deliveries. Those first: a deletion may be giving one a source that it did not
   * have, and only the next statement sees it.
   */
  private async log(ended: readonly Ended[]): Promise<void> {
    const rows = ended.map(({ deliveryId, token, attempted }) => ({ ...attempted, deliveryId, token }));
    await this.database.sql`
      with locked as materialized (
        select id from delivery.deliveries where id = any(${ended.map(({ deliveryId }) => deliveryId)}::uuid[])
        order by id for update)
      update delivery.attempts as attempt set
        outcome = ended.kind, code = ended.code, response = left(ended.response, 500),
        message_id = ended."messageId", request = ended.request,
        handed_over_at = ended."handedOverAt", settled_at = ended."settledAt"
      from json_to_recordset(${JSON.stringify(rows)}::json) as ended("deliveryId" uuid, token integer, kind text,
        code text, response text, "messageId" text, request jsonb, "handedOverAt" timestamptz, "settledAt" timestamptz)
      join locked on locked.id = ended."deliveryId"
      where attempt.delivery_id = ended."deliveryId" and attempt.number = ended.token
        and (attempt.outcome is null or attempt.code = 'worker-lost')`;
  }

  /**
   * The deliveries that these attempts still own. A sweeper may have taken a claim away already; then only an
   * acceptance still counts, as long as nobody claimed anew.
   */
  private readOwned(ended: readonly Ended[]): Promise<OwnedRow[]> {
    const rows = ended.map(({ deliveryId, token, attempted }) => ({
      deliveryId,
      token,
      accepted: attempted.kind === 'accepted',
    }));
    return this.database.sql<OwnedRow>`
      select delivery.id, delivery.claim_token as token, delivery.status, delivery.channel, delivery.tainted,
        delivery.attempts, coalesce(delivery.deferrals, 0) as deferrals,
        delivery.notification_id as "notificationId", ${underDeletedSource} as deleted
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as ended("deliveryId" uuid, token integer, accepted boolean)
      join delivery.deliveries as delivery
        on delivery.id = ended."deliveryId" and delivery.claim_token = ended.token
      where delivery.status = 'sending' or (delivery.status = 'retrying' and ended.accepted)`;
  }

  private async write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.database.sql`
      update delivery.deliveries as delivery set
        status = change.status, tainted = change.tainted, reason = change.reason, attempts = change.attempts,
        deferrals = nullif(change.deferrals, 0), version = version + 1, worker_id = null, enqueued_at = null,
        provider = case when not change.unasked then provider end,
        due_at = greatest(now() + coalesce(change."againMs", 0) * interval '1 millisecond', (
          select asked.paused_until from delivery.providers as asked
          where change."afterPause" and asked.name = delivery.provider)),
        settled_at = case when change."againMs" is null then now() end
      from json_to_recordset(${JSON.stringify(changes)}::json) as change(
        id uuid, status text, tainted boolean, reason text, attempts integer, deferrals integer,
        "againMs" integer, "afterPause" boolean, unasked boolean)
      where delivery.id = change.id`;
  }
}

const keyOf = (deliveryId: string, token: number): string => `${deliveryId} ${token}`;

function changeOf(row: OwnedRow, attempted: Attempted): Change {
  const { kind, code, response, handedOverAt, pause, elsewhere = false } = attempted;
  const ofProvider = kind === 'refused' && (pause || speaksOfProvider(attempted));
  const tries = row.status === 'sending' && handedOverAt ? countTry(row, ofProvider) : row;
  const { attempts, deferrals } = tries;
  const { status, tainted } = settle(kind, { ...row, attempts });
  const again = status === 'pending' || status === 'retrying';
  const atOnce = elsewhere && status === 'pending';
  return {
    id: row.id,
    token: row.token,
    notificationId: row.notificationId,
    from: row.status,
    status,
    tainted,
    attempts,
    deferrals,
    reason: kind === 'accepted' ? null : ((response ?? code)?.slice(0, 500) ?? null),
    againMs: again ? (atOnce ? 0 : backoffMs(retriesOf(row.channel), attempts + deferrals)) : null,
    afterPause: again && pause && !atOnce,
    unasked: handedOverAt === null && !tainted,
  };
}

import { Injectable } from '@nestjs/common';
import type { Counter } from '@prometheus-io/client';
import { Outbox } from '#platform/messaging';
import { Metrics } from '#platform/metrics';
import { Database, fragment } from '#platform/persistence';
import { mostAttempts } from '../domain/backoff.ts';
import { livenessClass } from './liveness.ts';
import { lockRows } from './lock-rows.ts';
import { shareSources, underDeletedSource } from './lock-sources.ts';
import { progressOf } from './progress.ts';

const batchSize = 200;
const most = fragment`(${JSON.stringify(mostAttempts)}::jsonb ->> channel)::integer`;
const ended = fragment`(${underDeletedSource} or attempts + 1 >= coalesce(${most}, 0))`;

/**
 * Takes claims away from workers that are gone. Gone means that Postgres dropped the worker's session lock;
 * never that a time has passed. What they held may have been handed over: it becomes tainted, never `pending`.
 */
@Injectable()
export class SweepLostClaims {
  private readonly swept: Counter<'status'>;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    metrics: Metrics,
  ) {
    this.swept = metrics.counter(
      'tocsin_delivery_swept_claims_total',
      'Claims taken from workers that are gone, by the status after it: retrying (tainted) or unknown.',
      ['status'],
    );
  }

  /** Returns how many claims it took away. */
  async sweep(): Promise<number> {
    const holders = await this.database.sql<{ worker_id: number }>`
      select distinct worker_id from delivery.deliveries where status = 'sending'`;
    let swept = 0;
    for (const { worker_id: workerId } of holders) {
      for (let taken = batchSize; taken === batchSize; swept += taken) {
        taken = await this.database.transaction(() => this.takeFrom(workerId));
      }
    }
    return swept;
  }

  private async takeFrom(workerId: number): Promise<number> {
    // Not on the session that holds a worker's lock: advisory locks let their own session in again.
    const { gone } = await this.database.one<{ gone: boolean }>`
      select pg_try_advisory_xact_lock(${livenessClass}, ${workerId}) as gone`;
    if (!gone) return 0;
    const held = await this.database.sql<{ id: string }>`
      select id from delivery.deliveries
      where status = 'sending' and worker_id = ${workerId} order by id limit ${batchSize}`;
    const ids = held.map(({ id }) => id);
    await shareSources(this.database, ids);
    await lockRows(this.database, ids);
    const taken = await this.database.sql<{
      id: string;
      notification_id: string | null;
      to: 'retrying' | 'unknown';
    }>`
      update delivery.deliveries as delivery set
        status = case when ${ended} then 'unknown' else 'retrying' end,
        tainted = true, reason = 'worker-lost', version = version + 1, attempts = attempts + 1,
        worker_id = null, due_at = now(), enqueued_at = null,
        settled_at = case when ${ended} then now() end
      where id = any(${ids}::uuid[]) and status = 'sending' and worker_id = ${workerId}
      returning id, notification_id, status as to`;
    await this.database.sql`
      update delivery.attempts as attempt set outcome = 'ambiguous', code = 'worker-lost', settled_at = now()
      from delivery.deliveries as delivery
      where delivery.id = any(${taken.map(({ id }) => id)}::uuid[]) and attempt.delivery_id = delivery.id
        and attempt.number = delivery.claim_token and attempt.outcome is null`;
    await this.outbox.append(
      progressOf(
        taken.map(({ notification_id: notificationId, to }) => ({ notificationId, from: 'sending', to })),
      ),
    );
    await this.database.afterCommit(async () => {
      for (const { to: status } of taken) this.swept.inc({ status });
    });
    return held.length;
  }
}

import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import type { Fault } from '../faults/fault-log.ts';
import type { JournalLine } from '../post-office/messages.ts';
import type { Ending } from '../supervised.ts';
import type { Sending } from '../traffic/sending.ts';

export interface DeliveryRow {
  readonly id: string;
  readonly recipient: string;
  readonly status: string;
  readonly reason: string | null;
  readonly tainted: boolean;
  readonly attempts: number;
  /** Notification, alert and account that it stems from, by id. */
  readonly sources: readonly string[];
}

/** One claim, from the tables of the observers. Times are those of commits, in milliseconds since 1970. */
export interface AttemptRow {
  readonly id: string;
  readonly deliveryId: string;
  readonly number: number;
  readonly slot: string;
  readonly claimedAt: number;
  readonly outcome: string | null;
  /** When the worker that claimed wrote down how it ended; null when it never did. */
  readonly settledAt: number | null;
}

export interface DeletionRow {
  readonly id: string;
  readonly at: number;
}

export interface OutOfTurnRow {
  readonly deliveryId: string;
  readonly status: string;
  /** Milliseconds until it would have been due. */
  readonly dueIn: number;
}

/** All that is known of a run once it is over. */
export interface Facts {
  readonly sendings: readonly Sending[];
  readonly journal: readonly JournalLine[];
  readonly faults: readonly Fault[];
  readonly endings: readonly Ending[];
  /** How many answers of the api had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What the harness could not understand. */
  readonly errors: readonly string[];
  readonly deliveries: readonly DeliveryRow[];
  readonly attempts: readonly AttemptRow[];
  /** Sources whose deletion was committed, when first. */
  readonly deletions: readonly DeletionRow[];
  readonly outOfTurn: readonly OutOfTurnRow[];
  /** Milliseconds from the last fault until nothing was under way; null when that never came. */
  readonly drainedAfterMs: number | null;
}

export const readJournal = (file: string): JournalLine[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalLine);

/** What Postgres knows. */
export async function readRows(
  client: Client,
): Promise<Pick<Facts, 'deliveries' | 'attempts' | 'deletions' | 'outOfTurn'>> {
  const all = async <R extends object>(sql: string) => (await client.query<R>(sql)).rows;
  return {
    deliveries: await all<DeliveryRow>(`
      select id, recipient, status, reason, tainted, attempts,
        array(select source_id::text from delivery.delivery_sources where delivery_id = delivery.id) as sources
      from delivery.deliveries as delivery where notification_id is not null`),
    attempts: await all<AttemptRow>(`
      select attempt.id, attempt.delivery_id as "deliveryId", number, claim.slot,
        ${ms('pg_xact_commit_timestamp(claim.xid::xid)')} as "claimedAt", attempt.outcome,
        (select min(${ms('pg_xact_commit_timestamp(settled.xid::xid)')}) from chaos.outcomes as settled
          where settled.attempt_id = attempt.id and settled.code is distinct from 'worker-lost') as "settledAt"
      from delivery.attempts as attempt join chaos.claims as claim on claim.attempt_id = attempt.id
      order by number`),
    deletions: await all<DeletionRow>(`
      select id, min(${ms('pg_xact_commit_timestamp(xid::xid)')}) as at from chaos.deletions group by id`),
    outOfTurn: await all<OutOfTurnRow>(`
      select delivery_id as "deliveryId", status, (extract(epoch from due_in) * 1000)::float8 as "dueIn"
      from chaos.out_of_turn`),
  };
}

const ms = (time: string): string => `(extract(epoch from ${time}) * 1000)::float8`;

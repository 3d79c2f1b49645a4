import type { Database } from '../persistence/index.ts';

/** A key belongs to its caller: two people may use the same one. */
export interface CallersKey {
  readonly ownerId: string;
  readonly key: string;
}

/** The first answer to a request with a key. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** How long a repetition is known, and so how long an answer is kept. */
const kept = '24 hours';

/**
 * Keeps all others with this key out until the transaction ends; false when somebody else does. Two keys with
 * one hash cost their callers a repetition.
 */
export async function lockKey(database: Database, { ownerId, key }: CallersKey): Promise<boolean> {
  const { locked } = await database.one<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`${ownerId} ${key}`}, 0)) as locked`;
  return locked;
}

/** What was answered to this key within the last 24 hours, and whether to the very same request. */
export async function findAnswer(
  database: Database,
  { ownerId, key }: CallersKey,
  request: Buffer,
): Promise<(KeptAnswer & { readonly same: boolean }) | undefined> {
  const [answer] = await database.sql<KeptAnswer & { same: boolean }>`
    select status, body, request = ${request} as same from platform.idempotency_keys
    where owner_id = ${ownerId} and key = ${key} and created_at > now() - ${kept}::interval`;
  return answer;
}

/** Keeps an answer, in the place of one that is too old. */
export async function keepAnswer(
  database: Database,
  { ownerId, key }: CallersKey,
  request: Buffer,
  { status, body }: KeptAnswer,
): Promise<void> {
  await database.sql`
    insert into platform.idempotency_keys (owner_id, key, request, status, body)
    values (${ownerId}, ${key}, ${request}, ${status}, ${JSON.stringify(body)})
    on conflict (owner_id, key) do update set
      request = excluded.request, status = excluded.status, body = excluded.body, created_at = excluded.created_at`;
}

const prunedAtOnce = 10_000;

/** Forgets the keys that nobody can repeat any more: after a busy day one statement for all of them would not end in time. */
export async function pruneAnswers(database: Database): Promise<void> {
  for (let gone = prunedAtOnce; gone === prunedAtOnce;) {
    const pruned = await database.sql`
      delete from platform.idempotency_keys where (owner_id, key) in (
        select owner_id, key from platform.idempotency_keys
        where created_at <= now() - ${kept}::interval limit ${prunedAtOnce})
      returning key`;
    gone = pruned.length;
  }
}

import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { Loop } from '#platform/lifecycle';
import { Wakeups } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { lifetimeSeconds } from './access-tokens.ts';

/** Knowledge that is older than this is no knowledge: then the session itself is looked for. */
const freshMs = 3_000;
/** An access token is good for nothing any more by then. */
const keptSeconds = lifetimeSeconds + 60;

/**
 * The sessions that ended while access tokens of theirs may still be about, known in memory to every api: asking
 * Postgres with each request would cost more than a cached list does. NOTIFY wakes each api within milliseconds, and
 * all of them look once a second; one that has not heard from Postgres for three seconds asks it about each session.
 */
@Injectable()
export class EndedSessions {
  /** When each of them may be forgotten, in ms of this process. */
  private readonly ended = new Map<string, number>();
  private readonly reading = new Loop('EndedSessions', () => this.read());
  /** Transactions before this one were seen to their end. */
  private seen = '0';
  private knownAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly wakeups: Wakeups,
  ) {}

  async follow(): Promise<void> {
    await this.wakeups.listen('tocsin_ended_sessions', this.reading.wake);
    this.reading.start();
  }

  unfollow(): Promise<void> {
    return this.reading.stop();
  }

  /** Notes what this process has ended itself, before it answers. */
  add(ids: readonly string[]): void {
    for (const id of ids) this.ended.set(id, performance.now() + keptSeconds * 1000);
  }

  /** Whether a session has ended; no promise where it is known at once. */
  has(id: string): boolean | Promise<boolean> {
    if (this.ended.has(id)) return true;
    return performance.now() - this.knownAt < freshMs ? false : this.isGone(id);
  }

  private async read(): Promise<void> {
    const began = performance.now();
    const [{ seen } = { seen: this.seen }] = await this.database.sql<{ seen: string }>`
      select pg_snapshot_xmin(pg_current_snapshot())::text as seen`;
    const rows = await this.database.sql<{ id: string }>`
      select id from identity.ended_sessions
      where ended_in >= ${this.seen}::xid8 and ended_at > now() - make_interval(secs => ${keptSeconds})`;
    this.add(rows.map(({ id }) => id));
    this.seen = seen;
    this.knownAt = began;
    for (const [id, until] of this.ended) if (until < began) this.ended.delete(id);
  }

  private async isGone(id: string): Promise<boolean> {
    const found = await this.database.sql`select id from identity.sessions where id = ${id}`;
    return found.length === 0;
  }
}

export const sessionEnded = () =>
  new DomainError('unauthenticated', 'identity.session-ended', 'The session has ended; log in.');

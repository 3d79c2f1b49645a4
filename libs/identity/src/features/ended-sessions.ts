import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Loop } from '#platform/lifecycle';
import { Wakeups } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { lifetimeSeconds } from './access-tokens.ts';

/** Knowledge that is older than this is no knowledge: then the session itself is looked for. */
const freshMs = 3_000;
/** An access token is good for nothing any more by then. */
const keptSeconds = lifetimeSeconds + 60;
const lookAgainMs = 5;

/**
 * The sessions that ended while access tokens of theirs may still be about, known in memory to every api: asking
 * Postgres with each request would cost more than a cached list does. Whoever ends a session waits until all apis know,
 * so that no token is good for anything once that was answered. NOTIFY wakes them within milliseconds, all of them look
 * once a second, and one that has not heard from Postgres for three seconds asks it about each session: nobody waits
 * for it any longer than that.
 */
@Injectable()
export class EndedSessions {
  private readonly watcherId = newId();
  /** When each of them may be forgotten, in ms of this process. */
  private readonly ended = new Map<string, number>();
  private readonly reading = new Loop('EndedSessions', () => this.read());
  /** What was read of transactions so far. */
  private snapshot = '1:1:';
  private knownAt = Number.NEGATIVE_INFINITY;
  /** When this process last said what it has read: before that, nobody waits for it. */
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly wakeups: Wakeups,
  ) {}

  async follow(): Promise<void> {
    await this.wakeups.listen('tocsin_ended_sessions', this.reading.wake);
    this.reading.start();
  }

  async unfollow(): Promise<void> {
    await this.reading.stop();
    this.knownAt = Number.NEGATIVE_INFINITY;
    // Without it, others would wait for this process a moment longer.
    await this.database.sql`delete from identity.session_watchers where id = ${this.watcherId}`.catch(
      () => undefined,
    );
  }

  /** Whether a session has ended; no promise where it is known at once. */
  has(id: string): boolean | Promise<boolean> {
    if (this.ended.has(id)) return true;
    return performance.now() - this.knownAt < freshMs ? false : this.isGone(id);
  }

  /** Lets every api know, in the transaction that ends these sessions and before its caller goes on. */
  async tell(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { xid } = await this.database.one<{ xid: string }>`select pg_current_xact_id()::text as xid`;
    await this.database.afterCommit(async () => {
      this.add(ids);
      for (const began = performance.now(); performance.now() - began < freshMs; await pause(lookAgainMs)) {
        if (await this.allKnow(xid)) return;
      }
    });
  }

  private add(ids: readonly string[]): void {
    for (const id of ids) this.ended.set(id, performance.now() + keptSeconds * 1000);
  }

  private async allKnow(xid: string): Promise<boolean> {
    const unaware = await this.database.sql`
      select id from identity.session_watchers
      where id <> ${this.watcherId} and read_at > now() - make_interval(secs => ${freshMs / 1000})
        and not pg_visible_in_snapshot(${xid}::xid8, snapshot) limit 1`;
    return unaware.length === 0;
  }

  private async read(): Promise<void> {
    const began = performance.now();
    // What an earlier reading may have missed was begun, and not committed, before it.
    const { ids, snapshot } = await this.database.one<{ ids: string[]; snapshot: string }>`
      select pg_current_snapshot()::text as snapshot, array(
        select id from identity.ended_sessions
        where ended_in >= pg_snapshot_xmin(${this.snapshot}::pg_snapshot)
          and ended_at > now() - make_interval(secs => ${keptSeconds})) as ids`;
    this.add(ids);
    this.snapshot = snapshot;
    await this.database.sql`
      insert into identity.session_watchers (id, snapshot) values (${this.watcherId}, ${snapshot}::pg_snapshot)
      on conflict (id) do update set snapshot = excluded.snapshot, read_at = excluded.read_at`;
    // What ended while nobody waited for this process it may have missed: the next reading will not.
    if (performance.now() - this.saidAt < freshMs) this.knownAt = began;
    else this.reading.wake();
    this.saidAt = began;
    for (const [id, until] of this.ended) if (until < began) this.ended.delete(id);
  }

  private async isGone(id: string): Promise<boolean> {
    const found = await this.database.sql`select id from identity.sessions where id = ${id}`;
    return found.length === 0;
  }
}

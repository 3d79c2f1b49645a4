import { Injectable } from '@nestjs/common';
import type { Counter, Histogram } from '@prometheus-io/client';
import { withoutSecrets } from '../logging/without-secrets.ts';
import { delays, Metrics } from '../metrics/metrics.ts';
import { Database } from '../persistence/database.ts';
import { Reactions } from './reactions.ts';
import { type RelayedEvent, RunReactions } from './run-reactions.ts';

const batchSize = 100;
const takenBackAtOnce = 1_000;
const parallel = 4;
/** What is done is published together, long before its lease ends. */
const publishedAfterMs = 1_000;
const pruneSize = 10_000;

/**
 * Moves events from the outbox to their reactions. What other versions react to it leaves to their relays: an event
 * is published only when every reaction that is owed it has its mark, which Postgres itself sees to.
 *
 * A batch is leased, not locked: holding the row locks while reactions run would hold back
 * `pg_snapshot_xmin`, and with it every reader of a change log. A relay that dies loses its lease after
 * five seconds; the mark of each reaction makes the second run harmless.
 */
@Injectable()
export class Relay {
  private readonly relayed: Counter<'type' | 'outcome'>;
  private readonly lag: Histogram;

  constructor(
    private readonly database: Database,
    private readonly reactions: Reactions,
    private readonly runs: RunReactions,
    metrics: Metrics,
  ) {
    this.relayed = metrics.counter(
      'tocsin_relay_events_total',
      'Events taken from the outbox, by type and outcome: relayed, or failed and to be tried again.',
      ['type', 'outcome'],
    );
    this.lag = metrics.histogram(
      'tocsin_relay_lag_seconds',
      'From the moment an event happened until its reactions have run.',
      [],
      delays,
    );
  }

  /** Relays everything that is due, until `ending` batch by batch. Returns how many events it took. */
  async drain(ending?: AbortSignal): Promise<number> {
    let taken = 0;
    for (;;) {
      const events = await this.lease();
      taken += events.length;
      await this.relayAll(events);
      if (events.length < batchSize || ending?.aborted) return taken;
    }
  }

  /**
   * Makes events due again that wait for a reaction this relay has, or only for such as nobody has any more.
   * Returns how many.
   */
  async takeBack(): Promise<number> {
    const own = JSON.stringify(this.reactions.relayed());
    let sum = 0;
    for (let taken = takenBackAtOnce; taken === takenBackAtOnce; sum += taken) {
      const due = await this.database.sql`
        update platform.outbox set due_at = now(), awaits = null
        where id in (
          select event.id from platform.outbox as event
          left join (
            select type, array_agg(reaction) as names
            from json_to_recordset(${own}::json) as own(type text, reaction text) group by type
          ) as own using (type)
          left join (
            select type, array_agg(reaction) as names from platform.owed_reactions group by type
          ) as owed using (type)
          where event.published_at is null and event.due_at = 'infinity'
            and (event.awaits && own.names or (event.awaits && owed.names) is not true)
          limit ${takenBackAtOnce}
          for update of event skip locked)
        returning id`;
      taken = due.length;
    }
    return sum;
  }

  /** Forgets what was published more than a week ago: far beyond any redelivery. */
  async prune(): Promise<void> {
    // In batches: after weeks without a relay, one statement for all of them would never end in time.
    await inBatches(
      () => this.database.sql`
        delete from platform.outbox where id in (
          select id from platform.outbox where published_at < now() - interval '7 days' limit ${pruneSize})
        returning id`,
    );
    // Not while the event is there: what still fails after weeks must not repeat what succeeded.
    await inBatches(
      () => this.database.sql`
        delete from platform.reactions where (event_id, reaction) in (
          select event_id, reaction from platform.reactions where reacted_at < now() - interval '14 days'
            and not exists (select from platform.outbox where id = event_id) limit ${pruneSize})
        returning event_id`,
    );
    await this.database.sql`delete from platform.reaction_registry where seen_at < now() - interval '7 days'`;
  }

  private lease(): Promise<RelayedEvent[]> {
    return this.database.sql<RelayedEvent>`
      update platform.outbox set
        attempts = attempts + 1,
        due_at = now() + least(interval '5 seconds' * power(2, least(attempts, 10)), interval '5 minutes')
      where id in (
        select id from platform.outbox
        where published_at is null and due_at <= now()
        order by due_at, id limit ${batchSize}
        for update skip locked)
      returning id, type, payload, occurred_at as "occurredAt"`;
  }

  private async relayAll(events: readonly RelayedEvent[]): Promise<void> {
    const together = await this.runs.together(events);
    for (const event of together) this.count(event);
    const done = [...together].map(({ id }) => id);
    const queue = events.filter((event) => !together.has(event));
    let published = performance.now();
    const work = async () => {
      for (let event = queue.shift(); event; event = queue.shift()) {
        if (await this.relay(event)) done.push(event.id);
        if (performance.now() - published < publishedAfterMs) continue;
        published = performance.now();
        await this.publish(done.splice(0));
      }
    };
    // All of them, also when one fails: nothing of this round may go on after it.
    const results = await Promise.allSettled(Array.from({ length: parallel }, work));
    await this.publish(done);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Runs the reactions that this process has. Returns whether all of them have their mark now. */
  private async relay(event: RelayedEvent): Promise<boolean> {
    const errors = await this.runs.alone(event);
    if (errors.length === 0) {
      this.count(event);
      return true;
    }
    this.relayed.inc({ type: event.type, outcome: 'failed' });
    await this.database.sql`
      update platform.outbox set last_error = ${withoutSecrets(errors.join('\n')).slice(0, 2000)}
      where id = ${event.id} and published_at is null`;
    return false;
  }

  private count({ type, occurredAt }: RelayedEvent): void {
    this.relayed.inc({ type, outcome: 'relayed' });
    this.lag.observe(Math.max(0, Date.now() - occurredAt.getTime()) / 1000);
  }

  /** Marks events as published; those that another version owes a reaction wait for it instead. */
  private async publish(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // Ordered: two relays that hold the same events would otherwise lock them crosswise.
    await this.database.sql`
      update platform.outbox set published_at = now(), last_error = null
      where id in (
        select id from platform.outbox where id = any(${ids}::uuid[]) and published_at is null
        order by id for update)`;
  }
}

async function inBatches(prune: () => Promise<readonly object[]>): Promise<void> {
  for (let gone = pruneSize; gone === pruneSize;) gone = (await prune()).length;
}

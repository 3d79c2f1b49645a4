import { Injectable, Logger } from '@nestjs/common';
import type { Counter, Histogram } from '@prometheus-io/client';
import { withoutSecrets } from '../logging/without-secrets.ts';
import { delays, Metrics } from '../metrics/metrics.ts';
import { Database } from '../persistence/database.ts';
import { Reactions } from './reactions.ts';

interface OutboxEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: object;
  readonly occurredAt: Date;
}

const batchSize = 100;
const parallel = 4;

/**
 * Moves events from the outbox to their reactions.
 *
 * A batch is leased, not locked: holding the row locks while reactions run would hold back
 * `pg_snapshot_xmin`, and with it every reader of a change log. A relay that dies loses its lease after
 * five seconds; the mark of each reaction makes the second run harmless.
 */
@Injectable()
export class Relay {
  private readonly logger = new Logger(Relay.name);
  private readonly relayed: Counter<'type' | 'outcome'>;
  private readonly lag: Histogram;

  constructor(
    private readonly database: Database,
    private readonly reactions: Reactions,
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
      const queue = [...events];
      const work = async () => {
        for (let event = queue.shift(); event; event = queue.shift()) await this.relay(event);
      };
      // All of them, also when one fails: nothing of this round may go on after it.
      const results = await Promise.allSettled(Array.from({ length: parallel }, work));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      if (events.length < batchSize || ending?.aborted) return taken;
    }
  }

  /** Forgets what was published more than a week ago: far beyond any redelivery. */
  async prune(): Promise<void> {
    await this.database.sql`delete from platform.outbox where published_at < now() - interval '7 days'`;
    // Not while the event is there: what still fails after weeks must not repeat what succeeded.
    await this.database.sql`
      delete from platform.reactions where reacted_at < now() - interval '14 days'
        and not exists (select from platform.outbox where id = event_id)`;
  }

  private lease(): Promise<OutboxEvent[]> {
    return this.database.sql<OutboxEvent>`
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

  private async relay(event: OutboxEvent): Promise<void> {
    const errors: string[] = [];
    for (const { name, instance } of this.reactions.to(event.type, 'relayed')) {
      try {
        await this.database.transaction(async () => {
          const marked = await this.database.sql`
            insert into platform.reactions (event_id, reaction) values (${event.id}, ${name})
            on conflict do nothing returning event_id`;
          if (marked.length > 0) {
            await instance.react(event);
          }
        });
      } catch (error) {
        errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        this.logger.error(
          { err: error, event: event.id, type: event.type, reaction: name },
          'A reaction failed.',
        );
      }
    }
    if (errors.length === 0) {
      await this.database
        .sql`update platform.outbox set published_at = now(), last_error = null where id = ${event.id}`;
      this.relayed.inc({ type: event.type, outcome: 'relayed' });
      this.lag.observe(Math.max(0, Date.now() - event.occurredAt.getTime()) / 1000);
    } else {
      this.relayed.inc({ type: event.type, outcome: 'failed' });
      await this.database.sql`
        update platform.outbox set last_error = ${withoutSecrets(errors.join('\n')).slice(0, 2000)}
        where id = ${event.id} and published_at is null`;
    }
  }
}

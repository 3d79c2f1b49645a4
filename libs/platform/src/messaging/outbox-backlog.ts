import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.ts';
import { remembered } from '../metrics/remembered.ts';
import { Database } from '../persistence/database.ts';

/** Beyond these it is "many": what is asked every few seconds must stay cheap however long the relay was away. */
const atMost = 10_000;

/** What waits for the relays of the installation, counted up to 10,000. */
export interface Backlog {
  readonly events: number;
  /** Besides, the ones that only a process of another version can finish. */
  readonly awaiting: number;
  /** Age in seconds of the oldest event that a relay could take; null without one. */
  readonly oldest: number | null;
}

export const readBacklog = (database: Database): Promise<Backlog> =>
  database.one<Backlog>`
    select count(*) filter (where awaits is null) as events, count(awaits) as awaiting,
      extract(epoch from now() - min(occurred_at) filter (where awaits is null))::float as oldest
    from (select occurred_at, awaits from platform.outbox where published_at is null
      order by due_at limit ${atMost}) as unpublished`;

/** Tells what waits for the relays of the installation. In the api only, or every worker would tell the same. */
@Injectable()
export class OutboxBacklog {
  constructor(metrics: Metrics, database: Database) {
    const backlog = remembered(() => readBacklog(database));
    metrics.gauge(
      'tocsin_outbox_unpublished_events',
      'Events that wait for a relay, counted up to 10,000.',
      [],
      async () => [[{}, (await backlog()).events]],
    );
    metrics.gauge(
      'tocsin_outbox_awaiting_events',
      'Events that wait for a relay of another version, as during a deploy.',
      [],
      async () => [[{}, (await backlog()).awaiting]],
    );
    metrics.gauge(
      'tocsin_outbox_oldest_unpublished_age_seconds',
      'Age of the oldest event that waits for a relay; 0 without any.',
      [],
      async () => [[{}, Math.max(0, (await backlog()).oldest ?? 0)]],
    );
  }
}

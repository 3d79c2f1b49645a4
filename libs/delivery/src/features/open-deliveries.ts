import { Injectable } from '@nestjs/common';
import { Metrics, remembered } from '#platform/metrics';
import { Database } from '#platform/persistence';

/** Beyond these it is "many": a campaign must not make every scrape read all of it. */
const atMost = 10_000;

/** What is still to be sent. */
interface OpenState {
  readonly held: boolean;
  /** For each status its deliveries, up to 10,000 in all, and the age of the oldest in seconds. */
  readonly open: readonly { status: string; count: number; oldest: number }[];
}

export const readOpenDeliveries = (database: Database): Promise<OpenState> =>
  database.one<OpenState>`
    with open as (
      (select status, created_at from delivery.deliveries
        where status in ('pending', 'retrying') order by due_at limit ${atMost})
      union all
      (select status, created_at from delivery.deliveries where status = 'sending' limit ${atMost}))
    select exists (select from delivery.hold) as held, (
      select json_agg(json_build_object('status', status, 'count', count, 'oldest', coalesce(oldest, 0)))
      from (
        select status, count(created_at), extract(epoch from now() - min(created_at)) as oldest
        from unnest(array['pending', 'sending', 'retrying']) as status left join open using (status)
        group by status) as counted) as open`;

/** Tells what the installation has still to send, whichever process sends. In the api only. */
@Injectable()
export class OpenDeliveries {
  constructor(metrics: Metrics, database: Database) {
    const state = remembered(() => readOpenDeliveries(database));
    metrics.gauge(
      'tocsin_delivery_open_deliveries',
      'Deliveries that have not ended, by status, counted up to 10,000.',
      ['status'],
      async () => (await state()).open.map(({ status, count }) => [{ status }, count]),
    );
    metrics.gauge(
      'tocsin_delivery_oldest_open_age_seconds',
      'Age of the oldest of them, by status; 0 without any.',
      ['status'],
      async () => (await state()).open.map(({ status, oldest }) => [{ status }, Math.max(0, oldest)]),
    );
    metrics.gauge(
      'tocsin_delivery_sending_held',
      'Whether all sending is held until an operator releases it: 1 or 0.',
      [],
      async () => [[{}, Number((await state()).held)]],
    );
  }
}

import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Counter } from '@prometheus-io/client';
import type { Queue } from 'bullmq';
import { within } from '#platform/lifecycle';
import { Metrics } from '#platform/metrics';
import { Database, fragment } from '#platform/persistence';
import { QueueEpoch, queuePatienceMs } from '#platform/queues';
import { deliveriesQueue, type DeliveryJob, payloadVersion } from './deliveries-queue.ts';

const batchSize = 1_000;
/** A job takes a kilobyte, and a Redis that is full of them lets nobody take one any more. */
const mostBulkWaiting = 50_000;
/** Jobs without one go before all that have one. */
const bulkPriority = 1;

interface Due {
  readonly id: string;
  readonly version: number;
  readonly tainted: boolean;
  readonly provider: string | null;
  /** There was a job already. */
  readonly again: boolean;
}

/**
 * Puts a job on the queue for every due row, and again for those whose job is lost or seems to be; none while
 * sending is held. What is urgent goes first, and bulk not while very many of it wait in Redis.
 */
@Injectable()
export class EnqueueDeliveries {
  private readonly added: Counter<'queue'>;
  private readonly failed: Counter<'queue'>;

  constructor(
    @InjectQueue(deliveriesQueue) private readonly queue: Queue<DeliveryJob>,
    private readonly epoch: QueueEpoch,
    private readonly database: Database,
    metrics: Metrics,
  ) {
    this.added = metrics.counter('tocsin_queue_added_jobs_total', 'Jobs put on the queue.', ['queue']);
    this.failed = metrics.counter(
      'tocsin_queue_failures_total',
      'Rounds that put nothing on the queue, because its server is away or slow; the next one follows in a second.',
      ['queue'],
    );
    // There to be watched from the beginning, and not only after the first one.
    this.failed.inc({ queue: deliveriesQueue }, 0);
  }

  /**
   * Returns how many jobs it put there.
   * @throws Error when the queue does not answer in time; jobs that get there after all are the same ones again
   */
  async enqueueDue(): Promise<number> {
    // Before anything is put there: what is lost meanwhile is marked with a name that nobody goes by any more.
    const epoch = await this.asked(this.epoch.current());
    let enqueued = 0;
    for (let full = true; full;) {
      const urgent = await this.enqueueBatch(epoch, false);
      // Again and again before each batch of bulk: there may be very many of those.
      const bulk =
        urgent === batchSize || (await this.isFull(epoch)) ? 0 : await this.enqueueBatch(epoch, true);
      enqueued += urgent + bulk;
      full = urgent === batchSize || bulk === batchSize;
    }
    return enqueued;
  }

  private async isFull(epoch: string | null): Promise<boolean> {
    if (epoch === null) return false;
    return (await this.asked(within(queuePatienceMs, this.queue.getPrioritizedCount()))) >= mostBulkWaiting;
  }

  private async enqueueBatch(epoch: string | null, bulk: boolean): Promise<number> {
    const due = await this.database.sql<Due>`
      select id, version, tainted, provider, enqueued_at is not null as again from delivery.deliveries
      where status in ('pending', 'retrying') and due_at <= now() and ${bulk ? fragment`bulk` : fragment`bulk is not true`}
        and (enqueued_at is null or enqueued_at < now() - interval '60 seconds'
          or enqueued_in is distinct from ${epoch}::text)
        and not exists (select from delivery.hold)
      order by due_at limit ${batchSize}`;
    if (due.length === 0) return 0;
    const jobs = due.map(({ id, version, again: _again, ...asked }) => ({
      name: 'deliver',
      data: { payload: payloadVersion, deliveryId: id, version, bulk, ...asked },
      // A job that still waits swallows its repetition; one that ended is gone and leaves its id free.
      // What fails without an outcome, because Postgres went away, is looked at again at once and not a minute later.
      opts: {
        jobId: `delivery-${id}-${version}`,
        ...(bulk && { priority: bulkPriority }),
        attempts: 4,
        backoff: { type: 'exponential', delay: 500 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    if (due.some(({ again }) => again)) await this.forgetFailed();
    await this.asked(within(queuePatienceMs, this.queue.addBulk(jobs)));
    this.added.inc({ queue: deliveriesQueue }, jobs.length);
    // After the jobs exist: a crash in between repeats them. Never waits for a row, so it cannot deadlock.
    const marked = await this.database.sql`
      update delivery.deliveries set enqueued_at = now(), enqueued_in = ${epoch}
      where id = any(array(
        select delivery.id from delivery.deliveries as delivery
        join json_to_recordset(${JSON.stringify(due)}::json) as due(id uuid, version integer)
          on due.id = delivery.id and due.version = delivery.version
        where delivery.status in ('pending', 'retrying')
        for update of delivery skip locked))
      returning id`;
    return marked.length;
  }

  /** Ours go when they fail. One that somebody kept would swallow its repetition for ever, and its row wait for it. */
  private async forgetFailed(): Promise<void> {
    await this.asked(within(queuePatienceMs, this.queue.clean(0, batchSize, 'failed')));
  }

  /** What the queue answers; counts when it does not. */
  private async asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.failed.inc({ queue: deliveriesQueue });
      throw error;
    }
  }
}

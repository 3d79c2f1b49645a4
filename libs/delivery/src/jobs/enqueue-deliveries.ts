import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Database } from '#platform/persistence';
import { deliveriesQueue, type DeliveryJob } from './deliveries-queue.ts';

const batchSize = 1_000;

/** Puts a job on the queue for every due row, and again for those whose job seems lost; none while sending is held. */
@Injectable()
export class EnqueueDeliveries {
  private readonly logger = new Logger(EnqueueDeliveries.name);

  constructor(
    @InjectQueue(deliveriesQueue) private readonly queue: Queue<DeliveryJob>,
    private readonly database: Database,
  ) {
    queue.on('error', (error) => this.logger.warn(`Queue: ${error.message}`));
  }

  /** Returns how many jobs it put there. */
  async enqueueDue(): Promise<number> {
    let enqueued = 0;
    for (let marked = batchSize; marked === batchSize; enqueued += marked) marked = await this.enqueueBatch();
    return enqueued;
  }

  private async enqueueBatch(): Promise<number> {
    const due = await this.database.sql<{ id: string; version: number }>`
      select id, version from delivery.deliveries
      where status in ('pending', 'retrying') and due_at <= now()
        and (enqueued_at is null or enqueued_at < now() - interval '60 seconds')
        and not exists (select from delivery.hold)
      order by due_at limit ${batchSize}`;
    if (due.length === 0) return 0;
    await this.queue.addBulk(
      due.map(({ id, version }) => ({
        name: 'deliver',
        data: { deliveryId: id, version },
        // A job that still waits swallows its repetition; one that ended is gone and leaves its id free.
        opts: { jobId: `delivery-${id}-${version}`, removeOnComplete: true, removeOnFail: true },
      })),
    );
    // After the jobs exist: a crash in between repeats them. Never waits for a row, so it cannot deadlock.
    const marked = await this.database.sql`
      update delivery.deliveries set enqueued_at = now()
      where id = any(array(
        select delivery.id from delivery.deliveries as delivery
        join json_to_recordset(${JSON.stringify(due)}::json) as due(id uuid, version integer)
          on due.id = delivery.id and due.version = delivery.version
        where delivery.status in ('pending', 'retrying')
        for update of delivery skip locked))
      returning id`;
    return marked.length;
  }
}

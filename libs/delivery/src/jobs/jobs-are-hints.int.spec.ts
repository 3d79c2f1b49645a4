import type { INestApplicationContext } from '@nestjs/common';
import { type Job, type Queue, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RelayModule } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { totalOf } from '../../../../test/support/exposition.ts';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { type QueueServer, startQueueServer } from '../../../../test/support/queue-server.ts';
import { DeliveryEnqueueModule, DeliveryWorkerModule } from '../index.ts';
import { EnqueueDeliveries } from './enqueue-deliveries.ts';

/** Whatever becomes of a job, its row is sent, and once. */
describe('a job is a hint', () => {
  let server: QueueServer;
  let pipeline: Pipeline;
  let relay: INestApplicationContext;
  let queue: Queue;
  let others: Worker[];

  beforeEach(async () => {
    server = await startQueueServer();
    pipeline = await Pipeline.start(server.variables);
    relay = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    queue = pipeline.queue(relay);
    others = [];
  });
  afterEach(async () => {
    await Promise.all(others.map((other) => other.close(true)));
    await pipeline.close();
    await server.close();
  });

  const patient = { timeout: 25_000 };
  const waiting = async (count: number) => {
    await expect.poll(() => queue.count(), patient).toBe(count);
  };
  const sentOnce = async (id: string, count: number) => {
    await expect.poll(() => pipeline.counts(relay, id), patient).toMatchObject({ sent: count, pending: 0 });
    expect(pipeline.mail.taken).toHaveLength(count);
    expect(new Set(pipeline.mail.taken)).toHaveLength(count);
  };
  /** A job that a minute ago was put there is taken for lost. */
  const aMinutePasses = async () => {
    await relay.get(Database).sql`
      update delivery.deliveries set enqueued_at = enqueued_at - interval '61 seconds'`;
    await relay.get(EnqueueDeliveries, { strict: false }).enqueueDue();
  };
  /** Somebody else who takes jobs of this queue. */
  const another = (process: (job: Job) => Promise<void>, options: Partial<WorkerOptions> = {}): Worker => {
    const worker = new Worker(queue.name, process, { ...queue.opts, ...options });
    worker.on('error', () => undefined);
    others.push(worker);
    return worker;
  };
  /** Takes a job and never says another word; jobs whose lock has ended it gives to others, or fails. */
  const hanging = (maxStalledCount: number): Worker =>
    another(() => new Promise(() => undefined), {
      lockDuration: 500,
      skipLockRenewal: true,
      stalledInterval: 500,
      maxStalledCount,
    });

  it('that may be there several times, and of versions that are gone', async () => {
    const id = await pipeline.request(relay, 3);
    await waiting(3);
    const jobs = await queue.getJobs(['waiting', 'prioritized']);
    for (const { data } of jobs as Job<{ version: number }>[]) {
      await queue.add('deliver', data, { jobId: crypto.randomUUID() });
      await queue.add('deliver', { ...data, version: data.version - 1 }, { jobId: crypto.randomUUID() });
    }
    await waiting(9);
    await pipeline.run(DeliveryWorkerModule);
    await waiting(0);
    await sentOnce(id, 3);
    expect(await queue.count()).toBe(0);
  });

  it('that may be removed by hand', async () => {
    const id = await pipeline.request(relay, 3);
    await waiting(3);
    const [job] = await queue.getJobs(['waiting', 'prioritized']);
    await job?.remove();
    await aMinutePasses();
    await waiting(3);
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(id, 3);
    expect(await queue.count()).toBe(0);
  });

  it('that may fail for good', async () => {
    const id = await pipeline.request(relay, 3);
    await waiting(3);
    let failed = 0;
    another(() => Promise.reject(new UnrecoverableError('no'))).on('failed', () => (failed += 1));
    await expect.poll(() => failed, patient).toBe(3);
    await Promise.all(others.splice(0).map((other) => other.close(true)));
    await aMinutePasses();
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(id, 3);
  });

  it('that may lie among the failed ones under the id of the next', async () => {
    await queue.pause();
    const id = await pipeline.request(relay, 1);
    await waiting(1);
    const [job] = await queue.getJobs(['waiting', 'prioritized']);
    const { data, id: jobId = '' } = job ?? {};
    await job?.remove();
    await queue.add('deliver', data, { jobId });
    await queue.resume();
    another(() => Promise.reject(new UnrecoverableError('no')));
    await expect.poll(() => queue.getFailedCount(), patient).toBe(1);
    await Promise.all(others.splice(0).map((other) => other.close(true)));
    await aMinutePasses();
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(id, 1);
  });

  it('that a worker may have taken which hangs', async () => {
    const id = await pipeline.request(relay, 3);
    await waiting(3);
    hanging(10);
    await expect.poll(() => queue.getActiveCount(), patient).toBe(1);
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(id, 3);
  });

  it('that may be given up because too many workers hung over it', async () => {
    const id = await pipeline.request(relay, 1);
    await waiting(1);
    hanging(0);
    await expect.poll(() => queue.getActiveCount(), patient).toBe(1);
    await pipeline.run(DeliveryWorkerModule);
    await expect.poll(() => queue.count(), patient).toBe(0);
    await expect.poll(() => queue.getActiveCount(), patient).toBe(0);
    await aMinutePasses();
    await sentOnce(id, 1);
  });

  it('that waits while an operator has paused the queue, once, and everybody can see why', async () => {
    const paused = async () =>
      totalOf(await pipeline.scrape(relay), 'tocsin_queue_paused', { queue: 'deliveries' });
    await pipeline.run(DeliveryWorkerModule);
    expect(await paused()).toBe(0);
    await queue.pause();
    const id = await pipeline.request(relay, 3);
    await waiting(3);
    await expect.poll(paused, patient).toBe(1);
    await aMinutePasses();
    await aMinutePasses();
    expect(await queue.count()).toBe(3);
    expect(await pipeline.counts(relay, id)).toMatchObject({ pending: 3 });
    await queue.resume();
    await sentOnce(id, 3);
    await expect.poll(paused, patient).toBe(0);
  });
});

import { type Job, Worker } from 'bullmq';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { RelayModule } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { totalOf } from '../../../../test/support/exposition.ts';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { type QueueServer, startQueueServer } from '../../../../test/support/queue-server.ts';
import { DeliveryEnqueueModule, DeliverySweepModule, DeliveryWorkerModule } from '../index.ts';
import { EnqueueDeliveries } from './enqueue-deliveries.ts';

describe('the whole way from a request to a mail server', () => {
  let server: QueueServer;
  let pipeline: Pipeline;

  beforeEach(async () => {
    server = await startQueueServer();
    pipeline = await Pipeline.start(server.variables);
  });
  afterEach(async () => {
    await pipeline.close();
    await server.close();
  });

  it('mails everybody once, with two workers at it', async () => {
    const app = await pipeline.run(
      RelayModule,
      DeliveryEnqueueModule,
      DeliveryWorkerModule,
      DeliverySweepModule,
    );
    await pipeline.run(DeliveryWorkerModule);
    const id = await pipeline.request(app, 60);
    await expect
      .poll(() => pipeline.counts(app, id), { timeout: 15_000 })
      .toMatchObject({ sent: 60, pending: 0 });
    expect(pipeline.mail.taken.toSorted()).toEqual([...new Set(pipeline.mail.taken)].toSorted());
    expect(pipeline.mail.taken).toHaveLength(60);
  });

  it('puts nothing on the queue while sending is held, and goes on once it is released', async () => {
    const app = await pipeline.run(RelayModule, DeliveryEnqueueModule, DeliveryWorkerModule);
    await app.get(Database).sql`insert into delivery.hold (reason) values ('a test')`;
    const id = await pipeline.request(app, 3);
    await expect.poll(() => pipeline.counts(app, id), { timeout: 15_000 }).toMatchObject({ pending: 3 });
    expect(await app.get(EnqueueDeliveries, { strict: false }).enqueueDue()).toBe(0);
    expect(await pipeline.queue(app).count()).toBe(0);
    await app.get(Database).sql`delete from delivery.hold`;
    await expect.poll(() => pipeline.counts(app, id), { timeout: 15_000 }).toMatchObject({ sent: 3 });
  });

  it('counts the jobs on the queue', async () => {
    const relay = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    const waiting = async () =>
      totalOf(await pipeline.scrape(relay), 'tocsin_queue_jobs', {
        queue: 'deliveries',
        state: 'prioritized',
      });
    expect(await waiting()).toBe(0);
    await pipeline.request(relay, 3);
    await expect.poll(waiting, { timeout: 15_000 }).toBe(3);
    const families = await pipeline.scrape(relay);
    expect(totalOf(families, 'tocsin_queue_added_jobs_total')).toBe(3);
    expect(totalOf(families, 'tocsin_queue_failures_total')).toBe(0);
  });

  it('brings a lost job back', async () => {
    const relay = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    const id = await pipeline.request(relay, 1);
    await expect.poll(() => pipeline.queue(relay).count()).toBe(1);
    await pipeline.queue(relay).obliterate({ force: true });
    await relay.get(Database).sql`
      update delivery.deliveries set enqueued_at = enqueued_at - interval '61 seconds'`;
    await pipeline.run(DeliveryWorkerModule);
    await expect.poll(() => pipeline.counts(relay, id), { timeout: 15_000 }).toMatchObject({ sent: 1 });
  });

  it('leaves a job that a newer version wrote to workers that understand it, as it was', async () => {
    const app = await pipeline.run(DeliveryWorkerModule);
    const jobs = pipeline.queue(app);
    const data = { payload: 2, anything: 'else' };
    await jobs.add('deliver', data, { jobId: 'of-tomorrow', removeOnFail: true });
    await expect.poll(() => jobs.getDelayedCount(), { timeout: 15_000 }).toBe(1);
    await jobs.promoteJobs();
    await expect.poll(() => jobs.getDelayedCount(), { timeout: 15_000 }).toBe(1);
    expect((await jobs.getJob('of-tomorrow'))?.attemptsMade).toBe(0);

    const taken: object[] = [];
    const newer = new Worker(jobs.name, async (job: Job<object>) => void taken.push(job.data), jobs.opts);
    const hurried = async () => {
      await jobs.promoteJobs();
      return taken;
    };
    await expect.poll(hurried, { timeout: 15_000, interval: 200 }).toEqual([data]);
    await newer.close();
  });

  it('goes on after Postgres dropped every connection in the middle of a hand-over', async () => {
    const app = await pipeline.run(
      RelayModule,
      DeliveryEnqueueModule,
      DeliveryWorkerModule,
      DeliverySweepModule,
    );
    const admin = new pg.Client({ connectionString: inject('postgresUrl') });
    await admin.connect();
    const database = new URL(pipeline.postgres.url).pathname.slice(1);
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`;
    pipeline.mail.answer = async () => {
      pipeline.mail.answer = () => 'take';
      await admin.query(cut);
      return 'take' as const;
    };
    const first = await pipeline.request(app, 1);
    await expect.poll(async () => (await seen(first)).sent, { timeout: 20_000 }).toBe(1);
    const second = await pipeline.request(app, 1);
    await expect.poll(async () => (await seen(second)).sent, { timeout: 20_000 }).toBe(1);
    await admin.end();

    /** Counts, or nothing while a connection of the pool still turns out to be dead. */
    function seen(id: string) {
      return pipeline.counts(app, id).catch(() => ({ sent: 0 }));
    }
  });

  it('finishes what is in flight before it stops, taints nothing and leaves the rest on the queue', async () => {
    const relay = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    const worker = await pipeline.run(DeliveryWorkerModule);
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<'take'>();
    pipeline.mail.answer = () => {
      arrived.resolve();
      return answer.promise;
    };
    const id = await pipeline.request(relay, 40);
    await arrived.promise;
    const stopped = pipeline.end(worker);
    answer.resolve('take');
    await stopped;
    const { sent, pending, ...others } = await pipeline.counts(relay, id);
    expect(sent).toBeGreaterThan(0);
    expect(sent + pending).toBe(40);
    expect(new Set(Object.values(others))).toEqual(new Set([0]));
    expect(await pipeline.queue(relay).count()).toBe(pending);
    const locks = await relay.get(Database).sql`
      select from pg_locks where locktype = 'advisory' and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database())`;
    expect(locks).toEqual([]);
  });
});

import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { RelayModule } from '#platform/messaging';
import { totalOf } from '../../../../test/support/exposition.ts';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { watchJobsOnRedis } from '../../../../test/support/watch-jobs.ts';
import { DeliveryEnqueueModule, DeliverySweepModule, DeliveryWorkerModule } from '../index.ts';
import { DeliveryProcessor } from './delivery.processor.ts';
import { EnqueueDeliveries } from './enqueue-deliveries.ts';

describe('deliveries while Redis comes and goes', () => {
  let redis: RedisServer;
  let jobsTellNoSecret: () => Promise<void>;
  let pipeline: Pipeline;
  const relaying = [RelayModule, DeliveryEnqueueModule];

  beforeEach(async () => {
    redis = await startRedis();
    jobsTellNoSecret = await watchJobsOnRedis(redis);
    pipeline = await Pipeline.start({ REDIS_URL: redis.url });
  });
  afterEach(async () => {
    await pipeline.close();
    await redis.close();
    await jobsTellNoSecret();
    vi.restoreAllMocks();
  });

  const patient = { timeout: 30_000 };
  const sentOnce = async (app: Awaited<ReturnType<Pipeline['run']>>, id: string, count: number) => {
    await expect.poll(() => pipeline.counts(app, id), patient).toMatchObject({ sent: count, pending: 0 });
    expect(pipeline.mail.taken).toHaveLength(count);
    expect(new Set(pipeline.mail.taken)).toHaveLength(count);
  };
  /** Holds the next hand-over until it is let go. */
  const heldHandOver = () => {
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<'take'>();
    pipeline.mail.answer = () => {
      arrived.resolve();
      return answer.promise;
    };
    return { arrived: arrived.promise, letGo: () => answer.resolve('take') };
  };

  it.each([
    ['emptied', () => redis.command('flushall')],
    [
      'started again, empty',
      async () => {
        await redis.stop('SIGKILL');
        await redis.start();
      },
    ],
  ])('brings every waiting job back at once when it was %s', async (_how, forget) => {
    const relay = await pipeline.run(...relaying);
    const beside = await pipeline.run(...relaying);
    const id = await pipeline.request(relay, 50);
    await expect.poll(() => pipeline.queue(relay).count(), patient).toBe(50);
    await forget();
    // Within a round or two, not after the minute that a job may seem lost.
    await expect
      .poll(
        () =>
          pipeline
            .queue(beside)
            .count()
            .catch(() => 0),
        patient,
      )
      .toBe(50);
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(relay, id, 50);
  });

  it('is asked for a job once a second, and not all the time, while it is full and refuses', async () => {
    const relay = await pipeline.run(...relaying);
    const id = await pipeline.request(relay, 5);
    await expect.poll(() => pipeline.queue(relay).count(), patient).toBe(5);
    await redis.command('config set maxmemory 1');
    const app = await pipeline.run(DeliveryWorkerModule);
    const refusals: number[] = [];
    app.get(DeliveryProcessor).worker.on('error', () => refusals.push(performance.now()));
    await expect.poll(() => refusals.length, patient).toBeGreaterThan(1);
    const [first = 0, second = 0] = refusals;
    expect(second - first).toBeGreaterThan(900);
    await redis.command('config set maxmemory 0');
    await sentOnce(relay, id, 5);
  });

  it('brings a job back at once that a Redis has forgotten which came back as it was before', async () => {
    const relay = await pipeline.run(...relaying);
    const marker = () => redis.command('exists tocsin:queues:marker');
    await expect.poll(marker, patient).toBe(':1');
    await redis.command('save');
    const id = await pipeline.request(relay, 5);
    await expect.poll(() => pipeline.queue(relay).count(), patient).toBe(5);
    await redis.stop('SIGKILL');
    await redis.start();
    expect(await marker()).toBe(':1');
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(relay, id, 5);
  });

  it('is not filled with bulk until nobody can take a job: the rest comes as those are taken', async () => {
    const app = await pipeline.run(...relaying);
    const queue = pipeline.queue(app);
    const waiting = vi.spyOn(queue, 'getPrioritizedCount').mockResolvedValue(50_000);
    const id = await pipeline.request(app, 3);
    await expect.poll(() => pipeline.counts(app, id), patient).toMatchObject({ pending: 3 });
    expect(await app.get(EnqueueDeliveries, { strict: false }).enqueueDue()).toBe(0);
    expect(await queue.count()).toBe(0);
    waiting.mockResolvedValue(49_999);
    await expect.poll(() => queue.count(), patient).toBe(3);
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(app, id, 3);
  });

  it('takes what is urgent however much bulk waits there', async () => {
    const app = await pipeline.run(...relaying);
    vi.spyOn(pipeline.queue(app), 'getPrioritizedCount').mockResolvedValue(50_000);
    await pipeline.request(app, 1, [newId()]);
    await expect.poll(() => pipeline.queue(app).count(), patient).toBe(1);
  });

  it('puts what came up meanwhile on the queue when it is back', async () => {
    const app = await pipeline.run(...relaying, DeliveryWorkerModule);
    await redis.stop('SIGKILL');
    const id = await pipeline.request(app, 3);
    await expect(app.get(EnqueueDeliveries, { strict: false }).enqueueDue()).rejects.toThrow('offline');
    const families = await pipeline.scrape(app);
    expect(totalOf(families, 'tocsin_queue_failures_total')).toBeGreaterThan(0);
    expect(families.get('tocsin_queue_jobs')?.samples).toEqual([]);
    await redis.start();
    await sentOnce(app, id, 3);
  });

  it('is not waited for when it hangs, and jobs that get there late are the same ones again', async () => {
    const app = await pipeline.run(...relaying);
    const queue = pipeline.queue(app);
    const addBulk = queue.addBulk.bind(queue);
    vi.spyOn(queue, 'addBulk').mockImplementationOnce((jobs) => {
      redis.hold();
      return addBulk(jobs);
    });
    const failed = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    const id = await pipeline.request(app, 3);
    await expect
      .poll(() => String(failed.mock.calls[0]?.[0]), patient)
      .toContain('No answer within 3000 ms.');
    redis.resume();
    await expect.poll(() => vi.mocked(queue.addBulk).mock.calls.length, patient).toBe(2);
    expect(await queue.count()).toBe(3);
    await pipeline.run(DeliveryWorkerModule);
    await sentOnce(app, id, 3);
  });

  it('finishes a hand-over under way, once, though it dies meanwhile', async () => {
    const app = await pipeline.run(...relaying, DeliveryWorkerModule, DeliverySweepModule);
    const handOver = heldHandOver();
    const first = await pipeline.request(app, 1);
    await handOver.arrived;
    await redis.stop('SIGKILL');
    handOver.letGo();
    await sentOnce(app, first, 1);
    await redis.start();
    const second = await pipeline.request(app, 2);
    await expect.poll(() => pipeline.counts(app, second), patient).toMatchObject({ sent: 2 });
    expect(pipeline.mail.taken).toHaveLength(3);
  });

  it.each(['down', 'hanging'])(
    'ends in time while it is %s, after the hand-over under way',
    async (state) => {
      const relay = await pipeline.run(...relaying);
      const worker = await pipeline.run(DeliveryWorkerModule);
      const handOver = heldHandOver();
      const id = await pipeline.request(relay, 1);
      await handOver.arrived;
      if (state === 'down') await redis.stop('SIGKILL');
      else redis.hold();
      const stopped = vi.fn<() => void>();
      const stopping = pipeline.end(worker).then(stopped);
      await pipeline.end(relay);
      expect(stopped).not.toHaveBeenCalled();
      handOver.letGo();
      await stopping;
      const witness = await pipeline.run();
      expect(await pipeline.counts(witness, id)).toMatchObject({
        sent: 1,
        pending: 0,
        sending: 0,
        retrying: 0,
      });
      expect(pipeline.mail.taken).toHaveLength(1);
    },
  );

  it('may be away from before a process starts until after it ended', async () => {
    await redis.stop('SIGKILL');
    const app = await pipeline.run(...relaying, DeliveryWorkerModule);
    await expect(pipeline.end(app)).resolves.toBeUndefined();
  });

  it('may need a password, is spoken of once an outage, and never with it', async () => {
    const lines: string[] = [];
    const keep = (...line: unknown[]) => void lines.push(line.map(String).join(' '));
    for (const level of ['log', 'warn', 'error'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation(keep);
      vi.spyOn(console, level).mockImplementation(keep);
    }
    await redis.command('config set requirepass hu/sh');
    const url = redis.url.replace('//', '//:hu%2Fsh@').concat('/3');
    const guarded = await Pipeline.start({ REDIS_URL: url });
    const app = await guarded.run(...relaying, DeliveryWorkerModule);
    const id = await guarded.request(app, 1);
    await expect.poll(() => guarded.counts(app, id), patient).toMatchObject({ sent: 1 });
    await redis.stop('SIGKILL');
    const rounds = vi.spyOn(app.get(EnqueueDeliveries, { strict: false }), 'enqueueDue');
    await expect.poll(() => rounds.mock.calls.length, patient).toBeGreaterThan(3);
    await guarded.close();
    expect(lines.join()).not.toContain('hu/sh');
    const ofTheOutage = lines.filter((line) => !line.endsWith('initialized'));
    // One of each that suffers: the connection itself, the queue, its worker, and who fills it.
    expect(ofTheOutage).toHaveLength(4);
    expect(ofTheOutage).toContainEqual(expect.stringMatching(/^Redis is away: /));
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { RelayModule } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { type QueueServer, startQueueServer } from '../../../../test/support/queue-server.ts';
import { DeliveryEnqueueModule, DeliveryWorkerModule } from '../index.ts';

const patient = { timeout: 30_000 };

describe('what is urgent', () => {
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

  it('is handed over next, however much bulk waits on the queue', async () => {
    const app = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    const queue = pipeline.queue(app);
    for (let event = 0; event < 5; event++) await pipeline.request(app, 1_000);
    await expect.poll(() => queue.getPrioritizedCount(), patient).toBe(5_000);
    const answers: ((answer: 'take') => void)[] = [];
    pipeline.mail.answer = () => new Promise((answer) => answers.push(answer));
    await pipeline.run(DeliveryWorkerModule);
    await expect.poll(() => answers.length, patient).toBe(10);
    const alert = await pipeline.request(app, 1, [newId()]);
    await expect.poll(() => queue.getWaitingCount(), patient).toBe(1);
    answers[0]?.('take');
    await expect.poll(() => answers.length, patient).toBe(11);
    expect(await pipeline.counts(app, alert)).toMatchObject({ sending: 1 });
    pipeline.mail.answer = () => 'take';
    for (const answer of answers) answer('take');
  });

  it('comes to the queue before bulk that was due long before', async () => {
    const app = await pipeline.run(RelayModule, DeliveryEnqueueModule);
    const queue = pipeline.queue(app);
    await app.get(Database).sql`insert into delivery.hold (reason) values ('a test')`;
    const bulk = [await pipeline.request(app, 1_000), await pipeline.request(app, 500)];
    const alert = await pipeline.request(app, 1, [newId()]);
    for (const id of bulk) {
      await expect.poll(async () => (await pipeline.counts(app, id)).pending, patient).toBeGreaterThan(499);
    }
    await expect.poll(() => pipeline.counts(app, alert), patient).toMatchObject({ pending: 1 });
    const added: number[] = [];
    const { addBulk } = queue;
    queue.addBulk = (jobs) => {
      added.push(...jobs.map(({ opts }) => opts?.priority ?? 0));
      return addBulk.call(queue, jobs);
    };
    await app.get(Database).sql`delete from delivery.hold`;
    await expect.poll(() => added.length, patient).toBeGreaterThan(1_500);
    expect(added[0]).toBe(0);
    expect(added.slice(1).every((priority) => priority === 1)).toBe(true);
  });
});

import { Client } from 'pg';
import { expect, it } from 'vitest';
import { Pipeline } from '../../../../test/support/pipeline.ts';
import { DeliveryEnqueueModule, DeliveryWorkerModule } from '../index.ts';

it('a process that cannot use its queue on Postgres does not start', async () => {
  const pipeline = await Pipeline.start();
  const client = new Client({ connectionString: pipeline.postgres.url });
  await client.connect();
  await client.query('drop schema bullmq cascade');
  await client.end();
  await expect(pipeline.run(DeliveryEnqueueModule)).rejects.toThrow('schema');
  await expect(pipeline.run(DeliveryWorkerModule)).rejects.toThrow('schema');
  await pipeline.close();
});

it('a job that tells an address is found out, also when it is gone', async () => {
  const pipeline = await Pipeline.start();
  const queue = pipeline.queue(await pipeline.run(DeliveryEnqueueModule));
  const job = await queue.add('deliver', { to: 'ada@example.org' });
  await job.remove();
  expect(await queue.count()).toBe(0);
  await expect(pipeline.close()).rejects.toThrow('ada@example.org');
});

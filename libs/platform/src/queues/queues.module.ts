import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  setDefaultBackendFactory,
} from 'bullmq';
import type { Config } from '../config/index.ts';
import { connectionOptions } from '../persistence/index.ts';
import { queueSchema } from './migrate-queues.ts';
import { QueueEpoch } from './queue-epoch.ts';
import { QueueRedis } from './queue-redis.ts';
import { QueueWorker } from './queue-worker.ts';

@Global()
@Module({ providers: [QueueEpoch], exports: [QueueEpoch] })
class QueuesModule {}

/**
 * Queues of a process, on Redis where there is one and on Postgres elsewhere. A job is a hint to look at a row:
 * whatever the queue loses, the row brings back.
 */
export function queuesModule(config: Config): DynamicModule {
  BullModule.workerClass = QueueWorker;
  return { module: QueuesModule, imports: [config.redisUrl === null ? onPostgres(config) : onRedis()] };
}

function onRedis(): DynamicModule {
  setDefaultBackendFactory(createRedisBackend);
  return BullModule.forRootAsync({
    extraProviders: [QueueRedis],
    inject: [QueueRedis],
    useFactory: ({ client }: QueueRedis) => ({ connection: client }),
  });
}

/**
 * Budget: every queue and every worker of it opens a pool of its own with at most three connections, a worker
 * one more to listen; they come on top of `DATABASE_POOL_SIZE`.
 */
function onPostgres(config: Config): DynamicModule {
  setDefaultBackendFactory(createPostgresBackend);
  const connection: ConnectionOptions = {
    ...connectionOptions(config.databaseUrl, 'tocsin queue'),
    schema: queueSchema,
    max: 3,
    // A batch of a thousand jobs takes a fraction of it; a Postgres that is silent for so long is away.
    query_timeout: 10_000,
  };
  return BullModule.forRoot({ connection });
}

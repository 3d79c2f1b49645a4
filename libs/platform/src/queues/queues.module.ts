import { BullModule } from '@nestjs/bullmq';
import type { DynamicModule } from '@nestjs/common';
import { type ConnectionOptions, createPostgresBackend, setDefaultBackendFactory } from 'bullmq';
import type { Config } from '../config/index.ts';
import { queueSchema } from './migrate-queues.ts';

/** Queues of a process. A job is a hint to look at a row: whatever the queue loses, the row brings back. */
export function queuesModule(config: Config): DynamicModule {
  setDefaultBackendFactory(createPostgresBackend);
  return BullModule.forRoot({ connection: queueConnection(config) });
}

/**
 * Where BullMQ keeps its jobs. Budget: every queue and every worker of it opens a pool of its own with at most
 * three connections, a worker one more to listen; they come on top of `DATABASE_POOL_SIZE`.
 */
function queueConnection(config: Config): ConnectionOptions {
  return {
    connectionString: config.databaseUrl,
    schema: queueSchema,
    max: 3,
    application_name: 'tocsin queue',
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  };
}

export { queueConnection, queuesModule } from './queues.module.ts';
export { migrateQueues } from './migrate-queues.ts';

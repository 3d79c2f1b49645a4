export { queuesModule } from './queues.module.ts';

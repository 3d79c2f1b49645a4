export { QueueEpoch, queuePatienceMs } from './queue-epoch.ts';
export { onceAnOutage } from './once-an-outage.ts';
export { queuesModule } from './queues.module.ts';
export { readyToAsk } from './ready-to-ask.ts';

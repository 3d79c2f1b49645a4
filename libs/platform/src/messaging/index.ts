export { InTransactionPublisher } from './in-transaction-publisher.ts';
export { MessagingModule, RelayModule } from './messaging.module.ts';
export { readBacklog } from './outbox-backlog.ts';
export { Outbox } from './outbox.ts';
export { type Reaction, ReactsTo, ReactsWithin } from './reaction.ts';
export { Relay } from './relay.ts';
export { Wakeups } from './wakeups.ts';

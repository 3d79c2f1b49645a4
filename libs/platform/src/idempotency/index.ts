export { IdempotencyModule } from './idempotency.module.ts';
export { Idempotent, replayed } from './idempotent.ts';

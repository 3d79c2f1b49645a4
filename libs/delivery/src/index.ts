export { FindHold, type Hold } from './contracts/index.ts';
export {
  DeliveryEnqueueModule,
  DeliveryHoldModule,
  DeliveryHttpModule,
  DeliveryModule,
  deliveryPersistence,
  DeliverySweepModule,
  DeliveryWorkerModule,
} from './delivery.module.ts';
export { HoldSending } from './features/hold-sending.ts';
export { readOpenDeliveries } from './features/open-deliveries.ts';
export { readPausedProviders } from './features/paused-providers.ts';
export { ReleaseSending } from './features/release-sending.ts';

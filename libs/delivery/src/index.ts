export {
  DeliveryEnqueueModule,
  DeliveryModule,
  deliveryPersistence,
  DeliverySweepModule,
  DeliveryWorkerModule,
} from './delivery.module.ts';

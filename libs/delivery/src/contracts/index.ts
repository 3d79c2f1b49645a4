export {
  DeliveriesErasureDue,
  DeliveriesProgressed,
  type DeliveryCounts,
  type DeliveryState,
  deliveryStates,
  type DeliveryTransition,
} from './events.ts';
export {
  type Attempt,
  type DeliveryView,
  FindHold,
  FindSourceState,
  type HandedOver,
  type HeldMessages,
  type Hold,
  ListDeliveries,
  type Source,
  type SourceState,
} from './queries.ts';

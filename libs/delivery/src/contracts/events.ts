import { DomainEvent } from '#kernel';

/** Every state of a delivery; only `pending` can be cancelled, the last five are ends (design, section 5). */
export const deliveryStates = [
  'pending',
  'sending',
  'retrying',
  'sent',
  'failed',
  'cancelled',
  'suppressed',
  'unknown',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** How many deliveries are in each state. */
export type DeliveryCounts = Readonly<Record<DeliveryState, number>>;

/** `count` deliveries of a notification went from one state to another; `from` is null when they were created. */
export interface DeliveryTransition {
  readonly notificationId: string;
  readonly from: DeliveryState | null;
  readonly to: DeliveryState;
  readonly count: number;
}

/** The rows of a deleted account are still to be erased here; stated again as long as that is so. */
export class DeliveriesErasureDue extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'delivery.deliveries-erasure-due.v1';
}

/** Deliveries changed state. The transitions add up in any order, so whoever counts them needs no order either. */
export class DeliveriesProgressed extends DomainEvent<{
  readonly transitions: readonly DeliveryTransition[];
}> {
  static override readonly type = 'delivery.deliveries-progressed.v1';
}

import { DomainEvent } from '#kernel';

/** A person asked to be told about a symbol. */
export class AlertCreated extends DomainEvent<{
  readonly alertId: string;
  readonly userId: string;
  readonly symbol: string;
}> {
  static override readonly type = 'alerts.alert-created.v1';
}

/** One firing, with all that a message about it needs. Decimals are strings, times RFC 3339. */
export interface FiredAlert {
  readonly alertId: string;
  readonly userId: string;
  readonly symbol: string;
  /** The level that was reached, and from which side. */
  readonly target: string;
  readonly direction: 'up' | 'down';
  /** The traded price that reached it, the exchange's trade id and time. */
  readonly price: string;
  readonly tradeId: number;
  readonly tradedAt: string;
  readonly note: string | null;
}

/** Alerts fired by one batch of ticks; at most 1,000 an event. */
export class AlertsTriggered extends DomainEvent<{ readonly alerts: readonly FiredAlert[] }> {
  static override readonly type = 'alerts.alerts-triggered.v1';
}

/** The rows of a deleted account are still to be erased here; stated again as long as that is so. */
export class AlertsErasureDue extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'alerts.alerts-erasure-due.v1';
}

/** Published inside the deleting transaction: whatever stems from the alert must not be sent any more. */
export class AlertDeleted extends DomainEvent<{ readonly alertId: string; readonly userId: string }> {
  static override readonly type = 'alerts.alert-deleted.v1';
}

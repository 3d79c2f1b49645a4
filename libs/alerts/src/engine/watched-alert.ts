import type { AlertStatus, ReferenceTick } from '../domain/alert.ts';
import type { Direction, PriceCondition } from '../domain/price-condition.ts';

/** What the engine keeps of an alert. */
export interface WatchedAlert {
  readonly id: string;
  readonly symbol: string;
  readonly condition: PriceCondition;
  /** The condition's value as the nearest float, for ordering. */
  readonly value: number;
  readonly version: number;
  readonly status: AlertStatus;
  /** Null until the alert is anchored at a first price. */
  readonly direction: Direction | null;
  readonly source: string | null;
  /** Ticks up to this id were compared; meaningful with `source` only. */
  readonly evaluatedThrough: number;
  /** The transaction that last changed it, as pg's xid8. */
  readonly changedIn: bigint;
}

/** An alert that a tick reached, with the tick before. */
export interface Firing {
  readonly alert: WatchedAlert;
  readonly tick: EvaluatedTick;
  readonly previous: ReferenceTick | null;
  readonly decidedAt: Date;
}

/** The first price of an alert that had none at its creation. */
export interface Anchoring {
  readonly alert: WatchedAlert;
  readonly direction: Direction;
  readonly reference: ReferenceTick;
}

/** A tick as the engine compares it. */
export interface EvaluatedTick extends ReferenceTick {
  readonly receivedAt: Date;
  readonly origin: 'live' | 'backfill';
}

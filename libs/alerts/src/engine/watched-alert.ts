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
  /** The tick that it starts from, of that source. */
  readonly reference: number | null;
  /** Ticks up to this id were compared; meaningful with `source` only. */
  readonly evaluatedThrough: number;
  /** The transaction that last changed it, as pg's xid8. */
  readonly changedIn: bigint;
}

/** Whether this is one rule in two versions, so that what was compared with the one holds for the other. */
export const isSameRule = (one: WatchedAlert, other: WatchedAlert): boolean =>
  one.condition.operator === other.condition.operator &&
  one.condition.value === other.condition.value &&
  one.direction === other.direction &&
  one.source === other.source &&
  one.reference === other.reference;

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

/** How old the news of a trade may be to pass for the price of now, in milliseconds. */
const currentMs = 60_000;

/**
 * Whether this is the price that somebody sees who sets an alert now. A trade of the history is not: an alert
 * would start from, and be fired by, what happened before it was set.
 */
export function isCurrent({ origin, receivedAt }: EvaluatedTick, now: () => Date): boolean {
  return origin === 'live' && now().getTime() - receivedAt.getTime() <= currentMs;
}

/**
 * What is to be compared after a firing was lost, given the alert as it is now: that tick and all since; with
 * another rule, all since its own reference.
 */
export function afterLosing({ alert, tick }: Firing, now: WatchedAlert): WatchedAlert {
  if (!isSameRule(alert, now)) return now;
  return { ...now, evaluatedThrough: Math.max(now.evaluatedThrough, tick.id - 1) };
}

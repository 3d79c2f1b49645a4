import type { DeliveryCounts } from './delivery-counts.ts';

/** `pending` may still become one of the others; they are final. */
export type DeletionOutcome = 'cancelled' | 'stopped' | 'pending';

/** How a deletion ended, and the deliveries its answer told of. */
export interface Deletion {
  readonly outcome: DeletionOutcome;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly deliveries: DeliveryCounts;
}

/** What is left of a notification's deliveries once its deletion has cancelled all that could be cancelled. */
export interface Remains {
  readonly counts: DeliveryCounts;
  /** Deliveries that may have arrived and were retried all the same; their retries are what is counted. */
  readonly retriedUnknown: number;
  /** Attempts that are being handed over right now. */
  readonly inFlight: readonly string[];
  readonly lastSentAt: Date | null;
}

/**
 * The true answer to a deletion (design, section 5). While something is being handed over the answer is open,
 * even when something else was sent: a final answer may not change.
 */
export function outcomeOf({ counts, retriedUnknown, inFlight }: Remains): DeletionOutcome {
  if (counts.sending > 0 || inFlight.length > 0) return 'pending';
  return counts.sent + counts.retrying + counts.unknown + retriedUnknown > 0 ? 'stopped' : 'cancelled';
}

/** Whether every delivery that was asked for had been accepted, so that there was nothing to delete. */
export function allAccepted({ counts }: Remains, requested: number | null): boolean {
  const { sent, ...others } = counts;
  return requested !== null && sent >= requested && Object.values(others).every((count) => count === 0);
}

/** Gives an open deletion its final outcome once nothing is being handed over; a final one stays as it is. */
export function settle(deletion: Deletion, remains: Remains): Deletion {
  const outcome = outcomeOf(remains);
  if (deletion.outcome !== 'pending' || outcome === 'pending') return deletion;
  return { ...deletion, outcome, deliveries: remains.counts };
}

import type { JournalLine } from '../post-office/messages.ts';
import type { AttemptRow, DeliveryRow, Facts } from './facts.ts';

/** One try to hand a message over, with what the mail server saw of it. */
export interface Attempt extends AttemptRow {
  /** Of this hand-over, in order; none when it never came so far. */
  readonly seen: readonly JournalLine[];
}

export interface Delivery extends DeliveryRow {
  readonly attemptRows: readonly Attempt[];
  /** Every time that a mail server took the message. */
  readonly acceptances: readonly JournalLine[];
  readonly seen: readonly JournalLine[];
}

/** Clocks are read in whole milliseconds, and commits a moment before they are written. */
const blurMs = 5;

/** Puts together what Postgres and the mail servers know of each delivery. */
export function deliveriesOf({ deliveries, attempts, journal }: Facts): Delivery[] {
  const attemptsOf = Map.groupBy(attempts, ({ deliveryId }) => deliveryId);
  const seenBy = Map.groupBy(journal, ({ recipient }) => recipient);
  return deliveries.map((row) => {
    const seen = seenBy.get(row.recipient) ?? [];
    const rows = attemptsOf.get(row.id) ?? [];
    const handOvers = [...Map.groupBy(seen, ({ handOver }) => handOver).values()];
    const begunBy = new Map(handOvers.map((lines) => [claimOf(rows, lines[0]), lines]));
    return {
      ...row,
      seen,
      acceptances: seen.filter(({ event }) => event === 'accepted'),
      attemptRows: rows.map((attempt) => ({ ...attempt, seen: begunBy.get(attempt) ?? [] })),
    };
  });
}

/** The last claim of that worker slot before the hand-over began. */
const claimOf = (rows: readonly AttemptRow[], first: JournalLine | undefined): AttemptRow | undefined =>
  rows.findLast(({ slot, claimedAt }) => first && slot === first.slot && claimedAt <= first.at + blurMs);

import type { Attempt, DeliveryState } from '../contracts/index.ts';
import { retriesOf } from './backoff.ts';

/** How a hand-over ended, as the channel tells it. */
export type OutcomeKind = NonNullable<Attempt['outcome']>;

/** A delivery at the moment its attempt has ended. */
export interface Unsettled {
  readonly channel: string;
  /** An earlier attempt may have been accepted. */
  readonly tainted: boolean;
  /** Tries that count, this one included. */
  readonly attempts: number;
  /** One of its sources is deleted. */
  readonly deleted: boolean;
}

/** What becomes of it. */
export interface Settled {
  readonly status: Exclude<DeliveryState, 'sending' | 'suppressed'>;
  readonly tainted: boolean;
}

/**
 * The state after an attempt (design, section 5). What may have been accepted, now or earlier, is never called
 * `pending`, `cancelled` or `failed`: it ends as `sent` or `unknown`.
 */
export function settle(outcome: OutcomeKind, before: Unsettled): Settled {
  if (outcome === 'accepted') return { status: 'sent', tainted: before.tainted };
  const tainted = before.tainted || outcome === 'ambiguous';
  if (outcome === 'failed') return { status: tainted ? 'unknown' : 'failed', tainted };
  if (before.deleted) return { status: tainted ? 'unknown' : 'cancelled', tainted };
  if (before.attempts >= retriesOf(before.channel).maxAttempts)
    return { status: tainted ? 'unknown' : 'failed', tainted };
  return { status: tainted ? 'retrying' : 'pending', tainted };
}

import type { Attempt, HandedOver } from '../contracts/index.ts';

/** A rendered message to one recipient. */
export interface OutgoingMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With angle brackets; the same over all attempts. */
  readonly messageId: string;
  /** The date it bears, over all attempts. */
  readonly requestedAt: Date;
}

/**
 * How a hand-over ended. `accepted`: the provider took it. `refused`: it certainly did not, and may later.
 * `failed`: it certainly did not and never will. `ambiguous`: nobody knows.
 */
export interface Outcome {
  readonly kind: NonNullable<Attempt['outcome']>;
  /** The provider's code (`250`), or ours when it did not answer (`ECONNECTION`). */
  readonly code: string | null;
  /** What it said, at most 500 characters that Postgres can store. */
  readonly response: string | null;
  /** The id under which the message went out. */
  readonly messageId: string | null;
  /** The provider asks everybody to wait. Only with `refused`; it says nothing of this message, and is no try. */
  readonly pause: boolean;
  /** Null when there was nothing to hand over. */
  readonly request: HandedOver | null;
}

/** Port: one provider that reaches people in one way. */
export abstract class Channel {
  /** Who takes the messages, as the delivery log names them. */
  abstract readonly provider: string;

  /**
   * Hands the message over, once; never throws for what a provider did. When `lost` fires, the hand-over is
   * broken off at once and its outcome is whatever is then certain.
   */
  abstract deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome>;
}

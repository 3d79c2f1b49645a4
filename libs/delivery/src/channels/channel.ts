import type { Attempt } from '../contracts/index.ts';

/** Messages one worker hands over at a time; a transport keeps as many connections, so nothing waits unseen. */
export const handOversAtOnce = 10;

/** A rendered message to one recipient. */
export interface OutgoingMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** With angle brackets; the same over all attempts. */
  readonly messageId: string;
}

/**
 * How a hand-over ended. `accepted`: the provider took it. `refused`: it certainly did not, and may later.
 * `failed`: it certainly did not and never will. `ambiguous`: nobody knows.
 */
export interface Outcome {
  readonly kind: NonNullable<Attempt['outcome']>;
  /** The provider's code (`250`), or ours when it did not answer (`ECONNECTION`). */
  readonly code: string | null;
  readonly response: string | null;
  /** The id under which the message went out. */
  readonly messageId: string | null;
}

/** Port: one way to reach people. */
export abstract class Channel {
  /** Who takes the messages, as the delivery log names them. */
  abstract readonly provider: string;

  /**
   * Hands the message over, once; never throws for what a provider did. When `lost` fires, the hand-over is
   * broken off at once and its outcome is whatever is then certain.
   */
  abstract deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome>;
}

import { Query } from '@nestjs/cqrs';
import type { DeliveryCounts, DeliveryState } from './events.ts';

/** What a delivery stems from; its deletion stops the delivery. */
export interface Source {
  readonly type: 'notification' | 'alert' | 'account';
  readonly id: string;
}

/** What a provider was handed, or would have been. */
export interface HandedOver {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** The protocol that encrypted it (`TLSv1.3`); null without one, and where it never came to a message. */
  readonly tls: string | null;
  readonly authenticated: boolean;
}

/** One try to hand a delivery to a provider. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
  /** Null while it is under way. */
  readonly outcome: 'accepted' | 'refused' | 'failed' | 'ambiguous' | null;
  readonly provider: string;
  /** Under which id of a liveness lock a worker made it. */
  readonly workerId: number;
  /** Null while it is under way, and when it never came to that. */
  readonly request: HandedOver | null;
  /** The provider's code and answer, e.g. `250`. */
  readonly code: string | null;
  readonly response: string | null;
  readonly messageId: string | null;
  /** When it was due. */
  readonly scheduledAt: Date | null;
  readonly claimedAt: Date;
  readonly handedOverAt: Date | null;
  readonly settledAt: Date | null;
  readonly durationMs: number | null;
}

/** One message to one recipient, with everything that was tried. */
export interface DeliveryView {
  readonly id: string;
  /** Null for a mail that tells of an account. */
  readonly notificationId: string | null;
  readonly channel: 'email';
  /** Empty once the account it belongs to was erased. */
  readonly to: string;
  readonly status: DeliveryState;
  readonly reason: string | null;
  /** The `Message-ID` of all its attempts. */
  readonly messageId: string;
  /** Which failed delivery this one repeats, and which one repeats this. */
  readonly retryOf: string | null;
  readonly retriedBy: string | null;
  /** Somebody may have been handed it more than once, or without an answer. */
  readonly tainted: boolean;
  readonly createdAt: Date;
  /** When its next attempt is or its last one was due. */
  readonly scheduledAt: Date;
  readonly settledAt: Date | null;
  readonly attempts: readonly Attempt[];
}

/** A page of a notification's deliveries with their attempts, newest first, and how many there are. */
export class ListDeliveries extends Query<{ items: DeliveryView[]; total: number }> {
  constructor(
    readonly notificationId: string,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

/**
 * What is true of everything that stems from a source, counted in the ambient transaction. A delivery that was retried
 * is not counted: its retry is, in its place.
 */
export interface SourceState {
  readonly counts: DeliveryCounts;
  /** Deliveries of which nobody knows whether they arrived, and which were retried all the same. */
  readonly retriedUnknown: number;
  /** Attempts that are being handed over right now. */
  readonly inFlight: readonly string[];
  /** When the last of them was accepted. */
  readonly lastSentAt: Date | null;
}

/** The state of what stems from a source, as a deletion's answer needs it. */
export class FindSourceState extends Query<SourceState> {
  constructor(readonly source: Source) {
    super();
  }
}

/** Messages that wait while sending is held, counted by what they tell of and by when they were made. */
export interface HeldMessages {
  readonly kind: 'alert' | 'notification' | 'account';
  /** Whether they were there when the hold began: in a restored database, whether they were in the backup. */
  readonly beforeHold: boolean;
  /** Made within the last hour, within the last 24 hours but not the last one, and before that. */
  readonly lastHour: number;
  readonly lastDay: number;
  readonly older: number;
  /** How many of them somebody may have been handed already, as the rows themselves know. */
  readonly tainted: number;
  readonly oldest: Date;
}

/** Nothing is handed over as long as it lasts. */
export interface Hold {
  readonly since: Date;
  /** Why, for whoever may release it. */
  readonly reason: string;
  readonly waiting: readonly HeldMessages[];
}

/** Whether all sending is held, and what waits; null when it is not. */
export class FindHold extends Query<Hold | null> {}

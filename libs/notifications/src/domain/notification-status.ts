import { type DeliveryCounts, settled, shown } from './delivery-counts.ts';

export const notificationStatuses = [
  'draft',
  'scheduled',
  'pending',
  'sending',
  'sent',
  'partially_sent',
  'failed',
  'deleted',
] as const;
export type NotificationStatus = (typeof notificationStatuses)[number];

/** Statuses of a notification that is still owed to somebody. */
export const outstandingStatuses = [
  'scheduled',
  'pending',
  'sending',
] as const satisfies readonly NotificationStatus[];

/** What a status follows from. */
export interface StatusFacts {
  readonly deleted: boolean;
  readonly scheduled: boolean;
  /** How many deliveries were asked for; null before sending begins. */
  readonly requested: number | null;
  readonly counts: DeliveryCounts;
}

/**
 * The status, which nothing else decides. Transitions arrive in any order: only end states are trusted to say
 * that sending is over, because their counts go down only when somebody sends a failed delivery again, and what is
 * below zero is told of by one that is still to come.
 */
export function statusOf({ deleted, scheduled, requested, counts }: StatusFacts): NotificationStatus {
  if (deleted) return 'deleted';
  if (requested === null) return scheduled ? 'scheduled' : 'draft';
  const ended = settled(counts);
  const { pending, sending, retrying } = shown(counts);
  if (ended < requested || pending + sending + retrying > 0) {
    return ended > 0 || sending + retrying > 0 ? 'sending' : 'pending';
  }
  if (counts.sent === ended) return 'sent';
  return counts.sent > 0 ? 'partially_sent' : 'failed';
}

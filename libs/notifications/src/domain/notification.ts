import { Aggregate, assertExpected, type ExpectedVersions, newId } from '#kernel';
import { DeliveriesRequested, type Recipient } from '../contracts/index.ts';
import { allAccepted, type Deletion, outcomeOf, type Remains, settle } from './deletion.ts';
import { type DeliveryCounts, noDeliveries } from './delivery-counts.ts';
import type { LineItem } from './line-item.ts';
import { alreadySent, nothingToSay, noRecipients, notDraft } from './notification.errors.ts';
import { type NotificationStatus, statusOf } from './notification-status.ts';

export const notificationKinds = ['manual', 'alert', 'digest', 'campaign'] as const;
export type NotificationKind = (typeof notificationKinds)[number];

/** A firing that a notification tells of: the alert and the exchange's id of the trade that reached it. */
export interface Firing {
  readonly alertId: string;
  readonly tradeId: number;
}

/** What a recipient reads. */
export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What a draft says, and to whom. */
interface Said {
  readonly subject: string;
  readonly message: string;
  readonly lineItems: readonly LineItem[];
  readonly recipients: readonly Recipient[];
}

interface Draft extends Said {
  readonly ownerId: string;
}

interface Telling {
  readonly ownerId: string;
  readonly subject: string;
  readonly message: string;
  readonly recipient: Recipient;
  readonly firing: Firing;
}

/** Something to be told to somebody. Its deliveries are counted here and live in delivery. */
export class Notification extends Aggregate {
  readonly id!: string;
  readonly kind!: NotificationKind;
  readonly ownerId!: string;
  subject!: string;
  message!: string;
  lineItems!: readonly LineItem[];
  recipients!: readonly Recipient[];
  readonly firings!: readonly Firing[];
  status!: NotificationStatus;
  /** Counts edits of what is said and to whom. */
  version!: number;
  readonly createdAt!: Date;
  readonly sendAt!: Date | null;
  /** How many deliveries were asked for; null before sending begins. */
  requested!: number | null;
  /** A projection of what delivery reports, at most a second behind. */
  readonly counts!: DeliveryCounts;
  deletion!: Deletion | null;

  constructor(fields: Partial<Notification>) {
    super();
    Object.assign(this, fields);
  }

  /** @throws DomainError notifications.nothing-to-say */
  static draft(draft: Draft, now: Date): Notification {
    assertSaysSomething(draft.message, draft.lineItems);
    return new Notification({ ...fresh(now), ...draft, kind: 'manual' });
  }

  /** Tells of a firing; its delivery is asked for together with those of the whole batch. */
  static ofFiring({ recipient, firing, ...said }: Telling, now: Date): Notification {
    const addressed = {
      recipients: [recipient],
      firings: [firing],
      requested: 1,
      status: 'pending' as const,
    };
    return new Notification({ ...fresh(now), ...said, ...addressed, kind: 'alert' });
  }

  /** @throws VersionMismatch */
  expect(versions: ExpectedVersions): void {
    assertExpected('notifications', this.version, versions);
  }

  /**
   * Changes what is given of a draft.
   * @throws DomainError notifications.not-draft, notifications.nothing-to-say
   */
  edit(changes: { readonly [Part in keyof Said]?: Said[Part] | undefined }): void {
    this.assertDraft();
    const { subject = this.subject, message = this.message } = changes;
    const { lineItems = this.lineItems, recipients = this.recipients } = changes;
    assertSaysSomething(message, lineItems);
    Object.assign(this, { subject, message, lineItems, recipients });
    this.version += 1;
  }

  /**
   * Settles to whom a draft goes; a given list replaces the stored one.
   * @throws DomainError notifications.not-draft, notifications.no-recipients
   */
  address(recipients: readonly Recipient[] | null): void {
    this.assertDraft();
    if (recipients) {
      this.recipients = recipients;
      this.version += 1;
    }
    if (this.recipients.length === 0) throw noRecipients();
  }

  /** Begins sending an addressed draft: from now on everybody on the list is owed this mail. */
  send(lineItems: readonly LineItem[], mail: Mail): void {
    this.lineItems = lineItems;
    this.requested = this.recipients.length;
    this.refreshStatus();
    const { id: notificationId, ownerId: accountId, recipients } = this;
    const delivery = { notificationId, alertIds: [], accountId, ...mail, recipients };
    this.record(new DeliveriesRequested({ deliveries: [delivery] }));
  }

  /**
   * Deletes it, given what is left of its deliveries after all that could be cancelled was.
   * @throws DomainError notifications.already-sent
   */
  delete(remains: Remains, now: Date): Deletion {
    if (allAccepted(remains, this.requested)) throw alreadySent(remains.lastSentAt);
    const outcome = outcomeOf(remains);
    this.deletion = { outcome, at: now.toISOString(), deliveries: remains.counts };
    this.refreshStatus();
    return this.deletion;
  }

  /** Looks again at a deletion; only an open one can change, and only once. */
  settleDeletion(deletion: Deletion, remains: Remains): Deletion {
    this.deletion = settle(deletion, remains);
    return this.deletion;
  }

  private assertDraft(): void {
    if (this.status !== 'draft' && this.status !== 'scheduled') throw notDraft(this.status);
  }

  private refreshStatus(): void {
    const { requested, counts } = this;
    const scheduled = this.sendAt !== null;
    this.status = statusOf({ deleted: this.deletion !== null, scheduled, requested, counts });
  }
}

function assertSaysSomething(message: string, lineItems: readonly LineItem[]): void {
  if (message.trim() === '' && lineItems.length === 0) throw nothingToSay();
}

const fresh = (now: Date) => ({
  id: newId(),
  lineItems: [],
  recipients: [],
  firings: [],
  status: 'draft' as const,
  version: 1,
  createdAt: now,
  sendAt: null,
  requested: null,
  counts: noDeliveries,
  deletion: null,
});

import { QueryBus } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { AlertsTriggered, type FiredAlert } from '#libs/alerts/contracts';
import { HoldAccounts } from '#libs/identity/contracts';
import { Config } from '#platform/config';
import { Outbox, type Reaction, ReactsTo } from '#platform/messaging';
import { DeliveriesRequested, type RequestedDelivery } from '../contracts/index.ts';
import { Notification } from '../domain/notification.ts';
import { AlertLocks } from '../persistence/alert-locks.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';
import { alertMail } from '../templates/alert-mail.ts';

/** Each firing becomes a notification to the alert's owner: a handful of statements, however many fired. */
@ReactsTo(AlertsTriggered)
export class OnAlertsTriggered implements Reaction<AlertsTriggered> {
  constructor(
    private readonly queries: QueryBus,
    private readonly alerts: AlertLocks,
    private readonly notifications: NotificationRepository,
    private readonly outbox: Outbox,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async react({ payload }: AlertsTriggered): Promise<void> {
    const addresses = await this.verifiedAddresses(payload.alerts);
    const reachable = payload.alerts.filter(({ userId }) => addresses.has(userId));
    const living = await this.alerts.share(reachable.map(({ alertId }) => alertId));
    const told = reachable
      .filter(({ alertId }) => living.has(alertId))
      .map((fired) => this.tell(fired, addresses.get(fired.userId) ?? ''));
    if (told.length === 0) return;
    await this.notifications.addAll(told.map(({ notification }) => notification));
    // An event of alerts holds at most 1,000 of them, so this one holds at most 1,000 recipients.
    await this.outbox.append([new DeliveriesRequested({ deliveries: told.map(({ delivery }) => delivery) })]);
  }

  private async verifiedAddresses(alerts: readonly FiredAlert[]): Promise<Map<string, string>> {
    // Held, so that the deletion of an account sees what is told here, or nothing is.
    const userIds = [...new Set(alerts.map(({ userId }) => userId))];
    const contacts = await this.queries.execute(new HoldAccounts(userIds));
    return new Map(
      contacts.filter((contact) => contact.emailVerified).map(({ userId, email }) => [userId, email]),
    );
  }

  private tell(fired: FiredAlert, to: string): { notification: Notification; delivery: RequestedDelivery } {
    const { alertId, tradeId, userId: ownerId } = fired;
    const { message, ...mail } = alertMail(fired, this.config.publicUrl);
    const recipient = { channel: 'email', to } as const;
    const said = { ownerId, subject: mail.subject, message, recipient, firing: { alertId, tradeId } };
    const notification = Notification.ofFiring(said, this.clock.now());
    const sources = { notificationId: notification.id, alertIds: [alertId], accountId: ownerId };
    return { notification, delivery: { ...sources, ...mail, recipients: [recipient] } };
  }
}

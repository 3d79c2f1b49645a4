import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { HoldAccounts, sessionEnded } from '#libs/identity/contracts';
import type { Principal } from '#platform/http';
import { Database } from '#platform/persistence';
import type { Recipient } from '../contracts/index.ts';
import { Notification } from '../domain/notification.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';
import { type NamedLineItem, quotable } from './quotable.ts';
import { RecipientRule } from './recipient-rule.ts';

export interface NotificationText {
  readonly subject: string;
  readonly message: string;
  readonly lineItems: readonly NamedLineItem[];
  readonly recipients: readonly Recipient[];
}

/** Returns the id of the new draft. */
export class CreateNotification extends Command<string> {
  constructor(
    readonly principal: Principal,
    readonly text: NotificationText,
  ) {
    super();
  }
}

@CommandHandler(CreateNotification)
export class CreateNotificationHandler implements ICommandHandler<CreateNotification> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly notifications: NotificationRepository,
    private readonly recipientRule: RecipientRule,
    private readonly clock: Clock,
  ) {}

  async execute({ principal, text }: CreateNotification): Promise<string> {
    const lineItems = await quotable(this.queries, text.lineItems);
    await this.recipientRule.check(principal, text.recipients);
    const draft = { ...text, lineItems, ownerId: principal.userId };
    const notification = Notification.draft(draft, this.clock.now());
    await this.database.transaction(async () => {
      const [owner] = await this.queries.execute(new HoldAccounts([principal.userId]));
      if (!owner) throw sessionEnded();
      this.notifications.add(notification);
    });
    return notification.id;
  }
}

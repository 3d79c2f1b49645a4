import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ExpectedVersions } from '#kernel';
import type { Principal } from '#platform/http';
import { Database } from '#platform/persistence';
import { NotificationRepository } from '../persistence/notification.repository.ts';
import type { NotificationText } from './create-notification.ts';
import { quotable } from './quotable.ts';
import { RecipientRule } from './recipient-rule.ts';

/** Changes what is given of a draft, by the rules of its creation. */
export class EditNotification extends Command<void> {
  constructor(
    readonly principal: Principal,
    readonly id: string,
    readonly expected: ExpectedVersions,
    readonly changes: { readonly [Part in keyof NotificationText]?: NotificationText[Part] | undefined },
  ) {
    super();
  }
}

@CommandHandler(EditNotification)
export class EditNotificationHandler implements ICommandHandler<EditNotification> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly notifications: NotificationRepository,
    private readonly recipientRule: RecipientRule,
  ) {}

  async execute({ principal, id, expected, changes }: EditNotification): Promise<void> {
    await this.database.transaction(async () => {
      const notification = await this.notifications.visibleTo(principal, id);
      notification.expect(expected);
      const lineItems = changes.lineItems && (await quotable(this.queries, changes.lineItems));
      notification.edit({ ...changes, lineItems });
      await this.recipientRule.check(principal, changes.recipients ?? []);
    });
  }
}

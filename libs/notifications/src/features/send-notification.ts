import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ExpectedVersions } from '#kernel';
import { FindQuotes } from '#libs/market-data/contracts';
import type { Principal } from '#platform/http';
import { Database } from '#platform/persistence';
import type { Recipient } from '../contracts/index.ts';
import { filled, type LineItem } from '../domain/line-item.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';
import { manualMail } from '../templates/manual-mail.ts';
import { RecipientRule } from './recipient-rule.ts';

/** Begins sending a draft with the market's values of now. */
export class SendNotification extends Command<void> {
  constructor(
    readonly principal: Principal,
    readonly id: string,
    readonly expected: ExpectedVersions,
    /** Replaces the stored list; null keeps it. */
    readonly recipients: readonly Recipient[] | null,
  ) {
    super();
  }
}

@CommandHandler(SendNotification)
export class SendNotificationHandler implements ICommandHandler<SendNotification> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly notifications: NotificationRepository,
    private readonly recipientRule: RecipientRule,
  ) {}

  async execute({ principal, id, expected, recipients }: SendNotification): Promise<void> {
    await this.database.transaction(async () => {
      const notification = await this.notifications.visibleTo(principal, id);
      notification.expect(expected);
      notification.address(recipients);
      await this.recipientRule.check(principal, notification.recipients);
      const lineItems = await this.withValues(notification.lineItems);
      const { subject, message } = notification;
      notification.send(lineItems, manualMail({ subject, message, lineItems }));
    });
  }

  private async withValues(lineItems: readonly LineItem[]): Promise<LineItem[]> {
    if (lineItems.length === 0) return [];
    const symbols = [...new Set(lineItems.map(({ symbol }) => symbol))];
    const quotes = await this.queries.execute(new FindQuotes(symbols));
    return lineItems.map((item) =>
      filled(
        item,
        quotes.find(({ symbol }) => symbol === item.symbol),
      ),
    );
  }
}

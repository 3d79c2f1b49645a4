import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { FindInstrument } from '#libs/market-data/contracts';
import type { Principal } from '#platform/http';
import { Database } from '#platform/persistence';
import type { Recipient } from '../contracts/index.ts';
import { emptyLineItem, type LineItem, type QuoteField } from '../domain/line-item.ts';
import { unknownSymbols } from '../domain/notification.errors.ts';
import { Notification } from '../domain/notification.ts';
import { NotificationRepository } from '../persistence/notification.repository.ts';
import { RecipientRule } from './recipient-rule.ts';

export interface NotificationText {
  readonly subject: string;
  readonly message: string;
  /** Symbols or aliases, in any case. */
  readonly lineItems: readonly { readonly symbol: string; readonly fields: readonly QuoteField[] }[];
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
    const lineItems = await this.lineItemsOf(text);
    await this.recipientRule.check(principal, text.recipients);
    const draft = { ...text, lineItems, ownerId: principal.userId };
    const notification = Notification.draft(draft, this.clock.now());
    await this.database.transaction(async () => this.notifications.add(notification));
    return notification.id;
  }

  private async lineItemsOf({ lineItems }: NotificationText): Promise<LineItem[]> {
    const symbols = lineItems.map(({ symbol }) => this.queries.execute(new FindInstrument(symbol)));
    const instruments = await Promise.all(symbols);
    const faults = instruments.flatMap((instrument, index) =>
      instrument
        ? []
        : [
            {
              pointer: `/lineItems/${index}/symbol`,
              detail: 'Unknown symbol; GET /v1/instruments lists all.',
            },
          ],
    );
    if (faults.length > 0) throw unknownSymbols(faults);
    return instruments.flatMap((instrument, index) =>
      instrument
        ? [emptyLineItem(instrument.symbol, instrument.currency, lineItems[index]?.fields ?? [])]
        : [],
    );
  }
}

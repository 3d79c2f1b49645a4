import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { FindNotificationsOfAlert } from '#libs/notifications/contracts';
import { Database } from '#platform/persistence';
import { alertNotFound } from '../domain/alert.errors.ts';
import type { Receipt } from '../domain/receipt.ts';
import { readAlert } from './alert-view.ts';
import type { HistoryEntry } from './record-history.ts';

export interface HistoryItem extends Omit<HistoryEntry, 'alertId' | 'receipt'> {
  /** The receipt of a firing, with the message that told of it once there is one. */
  readonly receipt?: Receipt & { readonly notificationId: string | null };
}

/** What happened to an alert, oldest first. */
export class ListAlertHistory extends Query<HistoryItem[]> {
  constructor(
    readonly id: string,
    readonly userId: string,
  ) {
    super();
  }
}

@QueryHandler(ListAlertHistory)
export class ListAlertHistoryHandler implements IQueryHandler<ListAlertHistory> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  async execute({ id, userId }: ListAlertHistory): Promise<HistoryItem[]> {
    if (!(await readAlert(this.database, id, userId))) throw alertNotFound();
    const entries = await this.database.sql<
      Omit<HistoryEntry, 'alertId' | 'receipt'> & { receipt: Receipt | null }
    >`
      select type, at, actor, receipt from alerts.history where alert_id = ${id} order by id`;
    const notifications = await this.queries.execute(new FindNotificationsOfAlert(id));
    const notificationOf = new Map(
      notifications.map(({ tradeId, notificationId }) => [tradeId, notificationId]),
    );
    return entries.map(({ receipt, ...entry }) => {
      if (!receipt) return entry;
      return {
        ...entry,
        receipt: { ...receipt, notificationId: notificationOf.get(receipt.crossing.tradeId) ?? null },
      };
    });
  }
}

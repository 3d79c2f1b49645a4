import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { FindNotificationsOfAlert } from '../contracts/index.ts';

interface Told {
  readonly notificationId: string;
  readonly tradeId: number;
}

@QueryHandler(FindNotificationsOfAlert)
export class FindNotificationsOfAlertHandler implements IQueryHandler<FindNotificationsOfAlert> {
  constructor(private readonly database: Database) {}

  async execute({ alertId }: FindNotificationsOfAlert): Promise<Told[]> {
    return this.database.sql<Told>`
      select notification.id as "notificationId", firing."tradeId"
      from notifications.notifications as notification,
        jsonb_to_recordset(firings) as firing("alertId" uuid, "tradeId" bigint)
      where firings <> '[]' and firings @> ${JSON.stringify([{ alertId }])}::jsonb and firing."alertId" = ${alertId}
      order by notification.created_at, notification.id`;
  }
}

import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { FindNotificationFor } from '../contracts/index.ts';
import { notificationNotFound } from '../domain/notification.errors.ts';
import { visibleTo } from '../persistence/notification.repository.ts';

@QueryHandler(FindNotificationFor)
export class FindNotificationForHandler implements IQueryHandler<FindNotificationFor> {
  constructor(private readonly database: Database) {}

  async execute({ reader, notificationId }: FindNotificationFor): Promise<{ id: string }> {
    const [notification] = await this.database.sql<{ id: string }>`
      select id from notifications.notifications where id = ${notificationId} and ${visibleTo(reader)}`;
    if (!notification) throw notificationNotFound();
    return notification;
  }
}

import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Principal } from '#platform/http';
import { Database, fragment } from '#platform/persistence';
import { notificationNotFound } from '../domain/notification.errors.ts';
import { visibleTo } from '../persistence/notification.repository.ts';
import { type NotificationView, readNotifications } from './notification-view.ts';

export class FindNotification extends Query<NotificationView> {
  constructor(
    readonly principal: Principal,
    readonly id: string,
  ) {
    super();
  }
}

@QueryHandler(FindNotification)
export class FindNotificationHandler implements IQueryHandler<FindNotification> {
  constructor(private readonly database: Database) {}

  async execute({ principal, id }: FindNotification): Promise<NotificationView> {
    const where = fragment`where id = ${id} and ${visibleTo(principal)}`;
    const [notification] = await readNotifications(this.database, where);
    if (!notification) throw notificationNotFound();
    return notification;
  }
}

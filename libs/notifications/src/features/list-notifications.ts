import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Principal } from '#platform/http';
import { Database, fragment } from '#platform/persistence';
import type { NotificationStatus } from '../domain/notification-status.ts';
import type { NotificationKind } from '../domain/notification.ts';
import { visibleTo } from '../persistence/notification.repository.ts';
import { type NotificationView, readNotifications } from './notification-view.ts';

/** What to list; whatever is absent does not narrow the list. */
export interface NotificationFilter {
  readonly statuses?: readonly NotificationStatus[] | undefined;
  readonly kinds?: readonly NotificationKind[] | undefined;
  readonly alertId?: string | undefined;
}

interface Found {
  readonly items: NotificationView[];
  readonly total: number;
}

/** A page of the notifications that a principal may see, newest first, and how many there are in all. */
export class ListNotifications extends Query<Found> {
  constructor(
    readonly principal: Principal,
    readonly filter: NotificationFilter,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListNotifications)
export class ListNotificationsHandler implements IQueryHandler<ListNotifications> {
  constructor(private readonly database: Database) {}

  async execute({ principal, filter, page, perPage }: ListNotifications): Promise<Found> {
    const { statuses, kinds, alertId } = filter;
    const where = fragment`
      where ${visibleTo(principal)}
      ${statuses ? fragment`and status = any(${statuses})` : fragment``}
      ${kinds ? fragment`and kind = any(${kinds})` : fragment``}
      ${alertId ? fragment`and firings <> '[]' and firings @> ${JSON.stringify([{ alertId }])}::jsonb` : fragment``}`;
    const [{ total }, items] = await Promise.all([
      this.database.one<{
        total: number;
      }>`select count(*) as total from notifications.notifications ${where}`,
      readNotifications(
        this.database,
        fragment`${where} order by created_at desc, id desc limit ${perPage} offset ${(page - 1) * perPage}`,
      ),
    ]);
    return { items, total };
  }
}

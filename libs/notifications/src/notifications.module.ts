import { Module } from '@nestjs/common';
import type { ContextPersistence } from '#platform/persistence';
import { CreateNotificationHandler } from './features/create-notification.ts';
import { DeleteNotificationHandler } from './features/delete-notification.ts';
import { EditNotificationHandler } from './features/edit-notification.ts';
import { FindNotificationForHandler } from './features/find-notification-for.ts';
import { FindNotificationHandler } from './features/find-notification.ts';
import { FindNotificationsOfAlertHandler } from './features/find-notifications-of-alert.ts';
import { ListNotificationsHandler } from './features/list-notifications.ts';
import { OnAlertDeleted } from './features/on-alert-deleted.ts';
import { OnAlertsTriggered } from './features/on-alerts-triggered.ts';
import { OnDeliveriesProgressed } from './features/on-deliveries-progressed.ts';
import { OnNotificationsErasureDue } from './features/on-notifications-erasure-due.ts';
import { OnUserDeleted } from './features/on-user-deleted.ts';
import { RecipientRule } from './features/recipient-rule.ts';
import { SendNotificationHandler } from './features/send-notification.ts';
import { NotificationsController } from './http/notifications.controller.ts';
import { AlertLocks } from './persistence/alert-locks.ts';
import { NotificationRepository } from './persistence/notification.repository.ts';
import { NotificationSchema } from './persistence/notification.schema.ts';
import { notificationsMigrations } from './persistence/notifications.migrations.ts';

export const notificationsPersistence: ContextPersistence = {
  entities: [NotificationSchema],
  migrations: notificationsMigrations,
};

/** Commands, queries and reactions about notifications. */
@Module({
  providers: [
    NotificationRepository,
    AlertLocks,
    RecipientRule,
    CreateNotificationHandler,
    EditNotificationHandler,
    SendNotificationHandler,
    FindNotificationHandler,
    FindNotificationForHandler,
    ListNotificationsHandler,
    DeleteNotificationHandler,
    FindNotificationsOfAlertHandler,
    OnAlertsTriggered,
    OnDeliveriesProgressed,
    OnAlertDeleted,
    OnUserDeleted,
    OnNotificationsErasureDue,
  ],
})
export class NotificationsModule {}

/** The HTTP side: routes of notifications. */
@Module({ imports: [NotificationsModule], controllers: [NotificationsController] })
export class NotificationsHttpModule {}

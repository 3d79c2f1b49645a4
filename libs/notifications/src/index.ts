export {
  NotificationsHttpModule,
  NotificationsModule,
  notificationsPersistence,
} from './notifications.module.ts';

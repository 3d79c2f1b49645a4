export {
  DeliveriesRequested,
  NotificationDeleted,
  NotificationsErasureDue,
  type Recipient,
  type RequestedDelivery,
} from './events.ts';
export { FindNotificationFor } from './find-notification-for.ts';
export { FindNotificationsOfAlert } from './find-notifications-of-alert.ts';

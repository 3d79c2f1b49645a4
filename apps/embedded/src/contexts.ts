import { alertsPersistence } from '#libs/alerts';
import { deliveryPersistence } from '#libs/delivery';
import { identityPersistence } from '#libs/identity';
import { marketDataPersistence } from '#libs/market-data';
import { notificationsPersistence } from '#libs/notifications';

/** Everything that has tables. */
export const contexts = [
  identityPersistence,
  marketDataPersistence,
  alertsPersistence,
  notificationsPersistence,
  deliveryPersistence,
];

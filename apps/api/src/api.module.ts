import { type DynamicModule, Module } from '@nestjs/common';
import { AlertsHttpModule, alertsPersistence } from '#libs/alerts';
import { DeliveryHttpModule, deliveryPersistence } from '#libs/delivery';
import { IdentityHttpModule, identityPersistence } from '#libs/identity';
import { MarketDataHttpModule, marketDataPersistence } from '#libs/market-data';
import { NotificationsHttpModule, NotificationsModule, notificationsPersistence } from '#libs/notifications';
import type { Config } from '#platform/config';
import { HealthModule } from '#platform/health';
import { IdempotencyModule } from '#platform/idempotency';
import { platformModules } from '#platform/lifecycle';
import { MetricsHttpModule } from '#platform/metrics';

export const contexts = [
  identityPersistence,
  marketDataPersistence,
  alertsPersistence,
  notificationsPersistence,
  deliveryPersistence,
];

/** HTTP: no feed, no evaluation, no job. */
@Module({
  imports: [
    HealthModule,
    MetricsHttpModule,
    IdempotencyModule,
    IdentityHttpModule,
    MarketDataHttpModule,
    AlertsHttpModule,
    NotificationsHttpModule,
    // In this order: a deletion locks notifications before deliveries, in every process and on every way.
    NotificationsModule,
    DeliveryHttpModule,
  ],
})
export class ApiModule {
  static forRoot(config: Config): DynamicModule {
    return { module: ApiModule, imports: platformModules(config, 'api', contexts) };
  }
}

import { type DynamicModule, Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AlertsHttpModule, alertsPersistence } from '#libs/alerts';
import { DeliveryHttpModule, deliveryPersistence } from '#libs/delivery';
import { IdentityHttpModule, identityPersistence } from '#libs/identity';
import { MarketDataHttpModule, marketDataPersistence } from '#libs/market-data';
import { NotificationsHttpModule, NotificationsModule, notificationsPersistence } from '#libs/notifications';
import { Config } from '#platform/config';
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
export class ApiModule implements OnApplicationBootstrap {
  constructor(private readonly config: Config) {}

  static forRoot(config: Config): DynamicModule {
    return { module: ApiModule, imports: platformModules(config, 'api', contexts) };
  }

  onApplicationBootstrap(): void {
    const { embedded, redisUrl } = this.config;
    if (embedded || redisUrl !== null) return;
    new Logger('Api').warn(
      'REDIS_URL is not set: lists are cached and requests are counted in the memory of this process, so run only one api.',
    );
  }
}

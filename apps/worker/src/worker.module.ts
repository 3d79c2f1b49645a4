import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AlertsEngineModule, AlertsModule, alertsPersistence } from '#libs/alerts';
import {
  DeliveryEnqueueModule,
  DeliveryModule,
  DeliverySweepModule,
  DeliveryWorkerModule,
  deliveryPersistence,
} from '#libs/delivery';
import { IdentityModule, identityPersistence } from '#libs/identity';
import { MarketDataModule, MarketFeedsModule, marketDataPersistence } from '#libs/market-data';
import { NotificationsModule, notificationsPersistence } from '#libs/notifications';
import type { Config, WorkerRole } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { RelayModule } from '#platform/messaging';
import { queuesModule } from '#platform/queues';
import { WorkerDoorModule } from '#platform/worker-door';

export const contexts = [
  identityPersistence,
  marketDataPersistence,
  alertsPersistence,
  notificationsPersistence,
  deliveryPersistence,
];

/** What a worker runs besides the commands, queries and reactions that every role may need. */
const modulesOfRole: Record<WorkerRole, readonly Type[]> = {
  market: [MarketFeedsModule, AlertsEngineModule],
  relay: [RelayModule, DeliveryEnqueueModule],
  delivery: [DeliveryWorkerModule],
  schedule: [DeliverySweepModule],
};

/** Feeds, evaluation, relay, delivery, chosen by `WORKER_ROLES`. */
@Module({ imports: [IdentityModule, MarketDataModule, AlertsModule, NotificationsModule, DeliveryModule] })
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    const roles = config.workerRoles.flatMap((role) => modulesOfRole[role]);
    return {
      module: WorkerModule,
      imports: [
        ...platformModules(config, 'worker', contexts),
        WorkerDoorModule,
        queuesModule(config),
        ...roles,
      ],
    };
  }
}

import {
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Config } from '#platform/config';
import { Loop, Roles } from '#platform/lifecycle';
import { Wakeups } from '#platform/messaging';
import { Metrics } from '#platform/metrics';
import type { ContextPersistence } from '#platform/persistence';
import { EmailChannels } from './channels/email/email-channels.ts';
import { mailerModule } from './channels/email/mailer.module.ts';
import { ClaimDeliveries } from './features/claim-deliveries.ts';
import { DisconnectHungWorkers } from './features/disconnect-hung-workers.ts';
import { EndSuppressed } from './features/end-suppressed.ts';
import { FindDeliveryHandler } from './features/find-delivery.ts';
import { FindHoldHandler } from './features/find-hold.ts';
import { FindSourceStateHandler } from './features/find-source-state.ts';
import { HoldSendingHandler } from './features/hold-sending.ts';
import { LiftSuppressionHandler } from './features/lift-suppression.ts';
import { ListDeliveriesHandler } from './features/list-deliveries.ts';
import { ListSuppressionsHandler } from './features/list-suppressions.ts';
import { MakeDeliveries } from './features/make-deliveries.ts';
import { OnAccountMailRequested } from './features/on-account-mail-requested.ts';
import { OnAddressConfirmed } from './features/on-address-confirmed.ts';
import { OnAlertDeleted } from './features/on-alert-deleted.ts';
import { OnDeliveriesErasureDue } from './features/on-deliveries-erasure-due.ts';
import { OnDeliveriesRequested } from './features/on-deliveries-requested.ts';
import { OnNotificationDeleted } from './features/on-notification-deleted.ts';
import { OnUserDeleted } from './features/on-user-deleted.ts';
import { ReleaseSendingHandler } from './features/release-sending.ts';
import { OpenDeliveries } from './features/open-deliveries.ts';
import { SettleAttempts } from './features/settle-attempts.ts';
import { RetryDeliveryHandler } from './features/retry-delivery.ts';
import { SearchDeliveriesHandler } from './features/search-deliveries.ts';
import { StopSource } from './features/stop-source.ts';
import { SuppressAddressHandler } from './features/suppress-address.ts';
import { Suppressions } from './features/suppressions.ts';
import { SweepLostClaims } from './features/sweep-lost-claims.ts';
import { TellOfHold } from './features/tell-of-hold.ts';
import { DeliveriesController } from './http/deliveries.controller.ts';
import { NotificationDeliveriesController } from './http/notification-deliveries.controller.ts';
import { SuppressionsController } from './http/suppressions.controller.ts';
import { Admission } from './jobs/admission.ts';
import { DeliveriesQueueModule } from './jobs/deliveries-queue.ts';
import { DeliveryMetrics } from './jobs/delivery-metrics.ts';
import { DeliveryProcessor } from './jobs/delivery.processor.ts';
import { EnqueueDeliveries } from './jobs/enqueue-deliveries.ts';
import { Providers } from './jobs/providers.ts';
import { SharedLimits } from './jobs/shared-limits.ts';
import { WorkerLock } from './jobs/worker-lock.ts';
import { deliveryMigrations } from './persistence/delivery.migrations.ts';

export const deliveryPersistence: ContextPersistence = { entities: [], migrations: deliveryMigrations };

/** Queries, commands and reactions; the api needs them too, because deletions run in its transaction. */
@Module({
  providers: [
    StopSource,
    Suppressions,
    EndSuppressed,
    MakeDeliveries,
    OnDeliveriesRequested,
    OnAccountMailRequested,
    OnNotificationDeleted,
    OnAlertDeleted,
    OnUserDeleted,
    OnAddressConfirmed,
    OnDeliveriesErasureDue,
    ListDeliveriesHandler,
    SearchDeliveriesHandler,
    FindDeliveryHandler,
    RetryDeliveryHandler,
    ListSuppressionsHandler,
    SuppressAddressHandler,
    LiftSuppressionHandler,
    FindSourceStateHandler,
    FindHoldHandler,
  ],
  exports: [StopSource, EndSuppressed],
})
export class DeliveryModule {}

/** The side of the api: the delivery log and what operators do with it. */
@Module({
  imports: [DeliveryModule],
  controllers: [DeliveriesController, NotificationDeliveriesController, SuppressionsController],
  providers: [OpenDeliveries],
})
export class DeliveryHttpModule {}

/** The role `relay`: turns due rows into jobs; several may run. */
@Module({ imports: [DeliveriesQueueModule], providers: [EnqueueDeliveries] })
export class DeliveryEnqueueModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly enqueuing: Loop;

  constructor(
    deliveries: EnqueueDeliveries,
    private readonly wakeups: Wakeups,
    private readonly roles: Roles,
  ) {
    this.enqueuing = new Loop('EnqueueDeliveries', () => deliveries.enqueueDue());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.wakeups.listen('tocsin_deliveries', this.enqueuing.wake);
    this.enqueuing.start();
    this.roles.begun('relay', this.enqueuing);
  }

  /** Before the queue closes. */
  onModuleDestroy(): Promise<void> {
    return this.enqueuing.stop();
  }
}

/** The role `delivery`: claims and hands over. */
@Module({
  imports: [DeliveryModule, DeliveriesQueueModule, mailerModule()],
  providers: [
    DeliveryMetrics,
    WorkerLock,
    ClaimDeliveries,
    SettleAttempts,
    EmailChannels,
    SharedLimits,
    {
      provide: Providers,
      inject: [EmailChannels, SharedLimits, Config, Metrics],
      useFactory: ({ inOrder }: EmailChannels, limits: SharedLimits, config: Config, metrics: Metrics) =>
        new Providers(inOrder, ratesOf(config), config.smtpConnections, limits, metrics),
    },
    Admission,
    DeliveryProcessor,
    TellOfHold,
  ],
})
export class DeliveryWorkerModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly refreshing: Loop;

  constructor(
    providers: Providers,
    admission: Admission,
    private readonly wakeups: Wakeups,
  ) {
    this.refreshing = new Loop('Providers', () => providers.refresh().then(() => admission.wake()));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.wakeups.listen('tocsin_providers', this.refreshing.wake);
    this.refreshing.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.refreshing.stop();
  }
}

const ratesOf = ({ mailServers }: Config): Map<string, number> =>
  new Map(mailServers.flatMap(({ name, rate }) => (rate === null ? [] : [[name, rate]])));

/** The role `schedule`: disconnects workers that hang and takes claims from those that are gone; several may run. */
@Module({ imports: [DeliveryModule], providers: [SweepLostClaims, DisconnectHungWorkers] })
export class DeliverySweepModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sweeping: Loop;
  private readonly watching: Loop;
  private readonly finalising: Loop;

  constructor(
    claims: SweepLostClaims,
    hung: DisconnectHungWorkers,
    sources: StopSource,
    private readonly roles: Roles,
  ) {
    this.sweeping = new Loop('SweepLostClaims', () => claims.sweep());
    this.watching = new Loop('DisconnectHungWorkers', () => hung.disconnect(), 5_000);
    this.finalising = new Loop('StopSource', () => sources.finalise(), 10_000);
  }

  onApplicationBootstrap(): void {
    this.sweeping.start();
    this.watching.start();
    this.finalising.start();
    this.roles.begun('schedule', this.sweeping, this.watching, this.finalising);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.sweeping.stop(), this.watching.stop(), this.finalising.stop()]);
  }
}

/** Holding all sending and releasing it, for the commands of an operator. */
@Module({
  imports: [DeliveryModule],
  providers: [HoldSendingHandler, ReleaseSendingHandler, SweepLostClaims],
})
export class DeliveryHoldModule {}

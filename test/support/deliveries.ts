import type { INestApplicationContext } from '@nestjs/common';
import { type Command, CommandBus, type Query, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { DeliveryHoldModule, DeliveryModule, deliveryPersistence } from '#libs/delivery';
import {
  type DeliveryCounts,
  type DeliveryState,
  FindSourceState,
  ListDeliveries,
  type Source,
} from '#libs/delivery/contracts';
import { Clock, newId } from '#kernel';
import { Config } from '#platform/config';
import { platformModules, Roles } from '#platform/lifecycle';
import { Metrics } from '#platform/metrics';
import { Database } from '#platform/persistence';
import type { Channel } from '../../libs/delivery/src/channels/channel.ts';
import { type Claim, ClaimDeliveries } from '../../libs/delivery/src/features/claim-deliveries.ts';
import { OnDeliveriesRequested } from '../../libs/delivery/src/features/on-deliveries-requested.ts';
import { type Attempted, SettleAttempts } from '../../libs/delivery/src/features/settle-attempts.ts';
import { StopSource } from '../../libs/delivery/src/features/stop-source.ts';
import { SweepLostClaims } from '../../libs/delivery/src/features/sweep-lost-claims.ts';
import { DeliveryMetrics } from '../../libs/delivery/src/jobs/delivery-metrics.ts';
import { DeliveryProcessor } from '../../libs/delivery/src/jobs/delivery.processor.ts';
import { WorkerLock } from '../../libs/delivery/src/jobs/worker-lock.ts';
import { admissionTo } from './admission-to.ts';
import { cutLock } from './cut-lock.ts';
import type { TestDatabase } from './database.ts';
import { migratedDatabase } from './migrated-database.ts';
import { openTransaction } from './open-transaction.ts';
import { publishedCounts } from './published-counts.ts';
import { requested } from './requested.ts';
import { statementsWaiting } from './statements-waiting.ts';

/** The columns that tests read one by one; the others they compare as a whole. */
interface DeliveryRow {
  readonly id: string;
  readonly status: DeliveryState;
  readonly worker_id: number | null;
}

/** The delivery context on a database of its own, without queue and mail server. */
export class Deliveries {
  private readonly locks: WorkerLock[] = [];
  private readonly clients: pg.Client[] = [];
  readonly database: Database;
  readonly claims: ClaimDeliveries;
  readonly attempts: SettleAttempts;
  readonly sweeper: SweepLostClaims;
  private readonly measured: DeliveryMetrics;
  readonly metrics: Metrics;

  private constructor(
    private readonly postgres: TestDatabase,
    readonly app: INestApplicationContext,
  ) {
    this.database = app.get(Database);
    this.claims = app.get(ClaimDeliveries);
    this.attempts = app.get(SettleAttempts);
    this.sweeper = app.get(SweepLostClaims, { strict: false });
    this.measured = app.get(DeliveryMetrics);
    this.metrics = app.get(Metrics);
  }

  static async start(variables = { MAIL_FROM: 'Tocsin <alerts@mail.example.org>' }): Promise<Deliveries> {
    const { config, ...postgres } = await migratedDatabase([deliveryPersistence], variables);
    const module = await Test.createTestingModule({
      imports: [
        ...platformModules(config, 'test', [deliveryPersistence]),
        DeliveryModule,
        DeliveryHoldModule,
      ],
      providers: [ClaimDeliveries, SettleAttempts, DeliveryMetrics],
    }).compile();
    return new Deliveries(postgres, await module.init());
  }

  async close(): Promise<void> {
    await Promise.all([...this.locks.map((lock) => lock.close()), ...this.clients.map((one) => one.end())]);
    await this.app.close();
    await this.postgres.drop();
  }

  /** Makes a notification with its deliveries and returns their ids. */
  async request(
    recipients = 1,
    notificationId = newId(),
    alertId = newId(),
    accountId?: string,
  ): Promise<{ notificationId: string; alertId: string; ids: string[] }> {
    const event = requested(notificationId, recipients, [alertId], accountId);
    await this.database.transaction(() =>
      this.app.get(OnDeliveriesRequested, { strict: false }).react(event),
    );
    const rows = await this.database.sql<{ id: string }>`
      select id from delivery.deliveries where notification_id = ${notificationId} order by id`;
    return { notificationId, alertId, ids: rows.map(({ id }) => id) };
  }

  row(id: string): Promise<DeliveryRow> {
    return this.database.one<DeliveryRow>`
      select *, due_at <= now() as due from delivery.deliveries where id = ${id}`;
  }

  /** Claims one alone. */
  async claim(deliveryId: string, version: number, workerId: number): Promise<Claim | null> {
    const [claim = null] = await this.claims.claim([{ deliveryId, version, workerId, provider: 'fake' }]);
    return claim;
  }

  /** Settles one alone. */
  async settle(deliveryId: string, token: number, attempted: Attempted): Promise<DeliveryState | null> {
    const [state = null] = await this.attempts.settle([{ deliveryId, token, attempted }]);
    return state;
  }

  stop(source: Source): Promise<void> {
    return this.database.transaction(() => this.app.get(StopSource, { strict: false }).stop(source));
  }

  /** A deletion that has done everything but commit. */
  async beginDeletion(source: Source): Promise<() => Promise<void>> {
    const { done, commit } = openTransaction(this.database, () => this.stop(source));
    await done;
    return commit;
  }

  finalise(): Promise<number> {
    return this.app.get(StopSource, { strict: false }).finalise();
  }

  execute<T>(command: Command<T>): Promise<T> {
    return this.app.get(CommandBus).execute(command);
  }

  ask<T>(query: Query<T>): Promise<T> {
    return this.app.get(QueryBus).execute(query);
  }

  state(source: Source) {
    return this.ask(new FindSourceState(source));
  }

  list(notificationId: string) {
    return this.ask(new ListDeliveries(notificationId, 1, 10));
  }

  lock(): WorkerLock {
    const lock = new WorkerLock(this.app.get(Config), this.measured);
    this.locks.push(lock);
    return lock;
  }

  /** A worker without a queue; `afterClaim` happens between the claim and the hand-over. */
  worker(
    channel: Channel | readonly Channel[],
    lock = this.lock(),
    afterClaim: (workerId: number) => Promise<void> = () => Promise.resolve(),
  ): DeliveryProcessor {
    const claims = Object.create(this.claims) as ClaimDeliveries;
    claims.claim = async (wanted) => {
      const claimed = await this.claims.claim(wanted);
      for (const { workerId } of wanted) await afterClaim(workerId);
      return claimed;
    };
    const { attempts, app, measured } = this;
    const [config, clock] = [app.get(Config), app.get(Clock)];
    const admission = admissionTo(this.database, [channel].flat());
    return new DeliveryProcessor(config, lock, claims, attempts, admission, clock, new Roles(), measured);
  }

  published(notificationId: string): Promise<Partial<DeliveryCounts>> {
    return publishedCounts(this.database, notificationId);
  }

  /** A session beside the pool, to stall others with. */
  async session(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    this.clients.push(client);
    await client.connect();
    return client;
  }

  waiting(count: number): Promise<void> {
    return statementsWaiting(this.database, count);
  }

  /** Cuts the session that holds the liveness lock of this worker, as Postgres does when its process is gone. */
  cutLock(workerId: number): Promise<void> {
    return cutLock(this.database, workerId);
  }
}

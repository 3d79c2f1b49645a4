import { setTimeout as pause } from 'node:timers/promises';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DelayedError, type Job } from 'bullmq';
import { Clock } from '#kernel';
import { Config } from '#platform/config';
import { Roles } from '#platform/lifecycle';
import { onceAnOutage, readyToAsk } from '#platform/queues';
import { Channel, handOversAtOnce, type Outcome } from '../channels/channel.ts';
import type { DeliveryState } from '../contracts/index.ts';
import { type Claim, ClaimDelivery } from '../features/claim-delivery.ts';
import { type Attempted, SettleAttempt } from '../features/settle-attempt.ts';
import { deliveriesQueue, type DeliveryJob, payloadVersion } from './deliveries-queue.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import type { LockSession } from './lock-session.ts';
import { WorkerLock } from './worker-lock.ts';

/** What came of a job: the delivery's new state, or that there was nothing to do or nothing left to say. */
export type JobResult = DeliveryState | 'skipped' | 'overtaken';

/** Milliseconds between tries to write an outcome down; giving up costs a tainted row, not a mail. */
const settlePauses = [100, 400, 1_500, 5_000];

/** For so long a job that this version does not understand is left to workers that do. */
const leftToOthersMs = 5_000;

const notHandedOver: Outcome = { kind: 'refused', code: 'not-handed-over', response: null, messageId: null };

/** Claims, hands over and settles one delivery a job. */
@Processor(deliveriesQueue, { concurrency: handOversAtOnce, runRetryDelay: 1_000, maxStalledCount: 10 })
export class DeliveryProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(DeliveryProcessor.name);
  private readonly tellOutage = onceAnOutage(this.logger);

  constructor(
    private readonly config: Config,
    private readonly lock: WorkerLock,
    private readonly claims: ClaimDelivery,
    private readonly attempts: SettleAttempt,
    private readonly channel: Channel,
    private readonly clock: Clock,
    private readonly roles: Roles,
    private readonly measured: DeliveryMetrics,
  ) {
    super();
  }

  /** Whether it asks the queue for jobs. */
  get isAlive(): boolean {
    return this.worker.isRunning();
  }

  async onApplicationBootstrap(): Promise<void> {
    await readyToAsk(this.config, this.worker);
    this.roles.begun('delivery', this);
  }

  async process(job: Pick<Job<DeliveryJob>, 'data' | 'moveToDelayed'>, token?: string): Promise<JobResult> {
    const { payload = 1, deliveryId, version } = job.data;
    if (payload > payloadVersion) {
      await job.moveToDelayed(this.clock.now().getTime() + leftToOthersMs, token);
      throw new DelayedError();
    }
    return this.lock.hold(async (session) => {
      const claim = await this.claims.claim(deliveryId, version, session.workerId, this.channel.provider);
      this.measured.claims.inc({ outcome: claim ? 'claimed' : 'skipped' });
      if (!claim) return 'skipped';
      const attempted = await this.handOver(claim, session);
      this.measured.attempted(claim, this.channel.provider, attempted);
      const status = (await this.settle(claim, attempted)) ?? 'overtaken';
      this.measured.settled.inc({ status });
      return status;
    });
  }

  @OnWorkerEvent('error')
  logError(error: Error): void {
    this.tellOutage(error);
  }

  /** Finishes what is in flight, then lets the lock go; transports and database close after this. */
  async onModuleDestroy(): Promise<void> {
    this.lock.openNoMore();
    await this.worker.close();
    await this.lock.close();
  }

  private async handOver(claim: Claim, session: LockSession): Promise<Attempted> {
    if (!(await session.confirms(claim.deliveryId, claim.token))) {
      return { ...notHandedOver, handedOverAt: null, settledAt: this.clock.now() };
    }
    const handedOverAt = this.clock.now();
    const outcome = await this.channel.deliver(claim, session.lost);
    return { ...outcome, handedOverAt, settledAt: this.clock.now() };
  }

  private async settle({ deliveryId, token }: Claim, attempted: Attempted): Promise<DeliveryState | null> {
    for (const ms of settlePauses) {
      try {
        return await this.attempts.settle(deliveryId, token, attempted);
      } catch (error) {
        this.logger.warn(`Outcome not written yet: ${(error as Error).message}`);
        await pause(ms);
      }
    }
    return this.attempts.settle(deliveryId, token, attempted);
  }
}

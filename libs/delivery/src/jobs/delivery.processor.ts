import { setTimeout as pause } from 'node:timers/promises';
import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DelayedError, type Job } from 'bullmq';
import pLimit, { type LimitFunction } from 'p-limit';
import { Clock } from '#kernel';
import { Config } from '#platform/config';
import { Roles, within } from '#platform/lifecycle';
import { onceAnOutage, queuePatienceMs, readyToAsk } from '#platform/queues';
import type { Outcome } from '../channels/channel.ts';
import type { DeliveryState } from '../contracts/index.ts';
import { type Claim, ClaimDeliveries, type Wanted } from '../features/claim-deliveries.ts';
import { type Attempted, type Ended, SettleAttempts } from '../features/settle-attempts.ts';
import { Admission } from './admission.ts';
import { deliveriesQueue, type DeliveryJob, payloadVersion } from './deliveries-queue.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { Gather } from './gather.ts';
import type { LockSession } from './lock-session.ts';
import type { Permit } from './waiter.ts';
import { Pace } from './pace.ts';
import { WorkerLock } from './worker-lock.ts';

/** What came of a job: the delivery's new state, or that there was nothing to do or nothing left to say. */
export type JobResult = DeliveryState | 'skipped' | 'overtaken';

/** Milliseconds between tries to write an outcome down; giving up costs a tainted row, not a mail. */
const settlePauses = [100, 400, 1_500, 5_000];

/** The most that one transaction claims or settles: each holds a lock for every source it stems from. */
const mostAtOnce = 50;

/** A worker that was told to stop breaks hand-overs off after this, so that it has ended before it is killed. */
const finishMs = 15_000;

/** For so long a job that this version does not understand is left to workers that do. */
const leftToOthersMs = 5_000;

const isUuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const notHandedOver: Outcome = {
  kind: 'refused',
  code: 'not-handed-over',
  response: null,
  messageId: null,
  pause: false,
  request: null,
};

/** Claims, hands over and settles one delivery a job; claims and outcomes of concurrent jobs share a transaction. */
@Processor(deliveriesQueue, {
  autorun: false,
  runRetryDelay: 1_000,
  // A job of a worker that is gone swallows its repetition until the queue notices: a row must not wait that long.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 10,
})
export class DeliveryProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(DeliveryProcessor.name);
  private readonly tellOutage = onceAnOutage(this.logger);
  private readonly claiming = new Gather(
    (wanted: readonly Wanted[]) => this.claims.claim(wanted),
    mostAtOnce,
  );
  private readonly settling = new Gather(
    (ended: readonly Ended[]) => this.attempts.settle(ended),
    mostAtOnce,
  );

  private readonly connections: LimitFunction;
  private readonly pace: Pace;
  private stopping = false;

  constructor(
    private readonly config: Config,
    private readonly lock: WorkerLock,
    private readonly claims: ClaimDeliveries,
    private readonly attempts: SettleAttempts,
    private readonly admission: Admission,
    private readonly clock: Clock,
    private readonly roles: Roles,
    private readonly measured: DeliveryMetrics,
  ) {
    super();
    this.connections = pLimit(config.smtpConnections);
    this.pace = new Pace(config.smtpConnections);
  }

  /** Whether it asks the queue for jobs. */
  get isAlive(): boolean {
    return this.worker.isRunning();
  }

  async onApplicationBootstrap(): Promise<void> {
    await readyToAsk(this.config, this.worker);
    // As many as each provider has connections; more once they turn out to be quick.
    this.worker.concurrency = this.config.smtpConnections;
    this.worker.run().catch((error: Error) => this.logError(error));
    this.roles.begun('delivery', this);
  }

  async process(job: Pick<Job<DeliveryJob>, 'data' | 'moveToDelayed'>, token?: string): Promise<JobResult> {
    const { payload = 1, deliveryId, version, bulk = false, tainted = false, provider = null } = job.data;
    if (payload > payloadVersion) return this.sendBack(job, leftToOthersMs, token);
    // Not of ours: in a batch of claims it would fail all the others.
    if (!isUuid.test(deliveryId) || !Number.isInteger(version)) return 'skipped';
    const permit = await this.admission.admit({ deliveryId, bulk, tainted, provider });
    if (typeof permit === 'number') return this.sendBack(job, permit, token);
    try {
      return await this.send(job.data, permit);
    } finally {
      permit.end();
    }
  }

  @OnWorkerEvent('completed')
  quicken(): void {
    this.worker.concurrency = this.pace.done();
  }

  @OnWorkerEvent('error')
  logError(error: Error): void {
    this.tellOutage(error);
  }

  /** Finishes what is in flight, then lets the lock go; transports and database close after this. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.lock.openNoMore();
    this.admission.close();
    const late = setTimeout(() => this.lock.breakOff(), finishMs);
    await this.worker.close();
    clearTimeout(late);
    await this.lock.close();
  }

  /** Leaves the job on the queue for a later time; it counts as no try of it. */
  private async sendBack(job: Pick<Job, 'moveToDelayed'>, ms: number, token?: string): Promise<never> {
    await within(queuePatienceMs, job.moveToDelayed(this.clock.now().getTime() + ms, token));
    throw new DelayedError();
  }

  private send({ deliveryId, version }: DeliveryJob, permit: Permit): Promise<JobResult> {
    const { name: provider } = permit.provider;
    return this.lock.hold(async (session) => {
      const { workerId } = session;
      const claim = await this.claiming.ask({ deliveryId, version, workerId, provider });
      this.measured.claims.inc({ outcome: claim ? 'claimed' : 'skipped' });
      if (!claim) return 'skipped';
      // Nothing waits unseen inside of the pool, and whatever waits here is asked of again right before it goes.
      const attempted = await this.connections(() => this.handOver(claim, session, permit));
      this.measured.attempted(claim, provider, attempted);
      const { token: claimToken } = claim;
      const status = (await this.settle({ deliveryId, token: claimToken, attempted })) ?? 'overtaken';
      this.measured.settled.inc({ status });
      return status;
    });
  }

  private async handOver(claim: Claim, session: LockSession, permit: Permit): Promise<Attempted> {
    // It may have waited for a connection since it was claimed.
    const goes = permit.holds && !this.stopping && (await session.confirms(claim.deliveryId, claim.token));
    if (!goes) {
      return { ...notHandedOver, handedOverAt: null, settledAt: this.clock.now() };
    }
    const handedOverAt = this.clock.now();
    const outcome = await permit.provider.channel.deliver(claim, session.broken);
    const settledAt = this.clock.now();
    return { ...outcome, elsewhere: await permit.tell(outcome), handedOverAt, settledAt };
  }

  private async settle(ended: Ended): Promise<DeliveryState | null> {
    try {
      return await this.settling.ask(ended);
    } catch (error) {
      return this.settleAlone(ended, error as Error);
    }
  }

  /** Alone: the reason may lie in another outcome of the batch. */
  private async settleAlone(ended: Ended, { message }: Error, tries = 0): Promise<DeliveryState | null> {
    this.logger.warn(`Outcome not written yet: ${message}`);
    await pause(settlePauses[tries]);
    try {
      const [status = null] = await this.attempts.settle([ended]);
      return status;
    } catch (error) {
      if (tries === settlePauses.length - 1) throw error;
      return this.settleAlone(ended, error as Error, tries + 1);
    }
  }
}

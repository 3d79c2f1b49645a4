import { BullModule, InjectQueue } from '@nestjs/bullmq';
import { Logger, Module, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Config } from '#platform/config';
import { Metrics, remembered } from '#platform/metrics';
import { onceAnOutage, readyToAsk } from '#platform/queues';

export const deliveriesQueue = 'deliveries';

/** What {@link DeliveryJob} looks like, counted. */
export const payloadVersion = 1;

/**
 * A hint to look at this row; it carries nothing that the row does not know better. While a new version is being
 * rolled out, workers of both take jobs of both: a payload that means something else gets the next number, and
 * another job id, so that the two do not swallow each other.
 */
export interface DeliveryJob {
  /** Absent in jobs from before it was counted. */
  readonly payload?: number;
  readonly deliveryId: string;
  readonly version: number;
  /** What the row says at this version, so that its turn and its provider are known before the claim. */
  readonly bulk?: boolean;
  readonly tainted?: boolean;
  readonly provider?: string | null;
}

const jobStates = ['waiting', 'prioritized', 'active', 'delayed', 'failed'] as const;
const queue = BullModule.registerQueue({ name: deliveriesQueue });

/** Registered once, whatever roles a process has. */
@Module({ imports: [queue], exports: [queue] })
export class DeliveriesQueueModule implements OnModuleInit {
  constructor(
    private readonly config: Config,
    @InjectQueue(deliveriesQueue) private readonly deliveries: Queue,
    metrics: Metrics,
  ) {
    deliveries.on('error', onceAnOutage(new Logger('DeliveriesQueue')));
    // Not one question a scrape while the queue's server is away: they would all wait for it.
    const jobs = remembered(() => deliveries.getJobCounts(...jobStates), 1_000);
    metrics.gauge(
      'tocsin_queue_jobs',
      'Jobs on the queue by state: waiting, prioritized (bulk, which waits behind them), active, delayed or failed. Every worker tells the same.',
      ['queue', 'state'],
      async () =>
        Object.entries(await jobs()).map(([state, count]) => [{ queue: deliveriesQueue, state }, count]),
    );
    const paused = remembered(() => deliveries.isPaused(), 1_000);
    metrics.gauge(
      'tocsin_queue_paused',
      'Whether somebody has paused the queue by hand, so that its jobs wait until it is resumed: 1 or 0.',
      ['queue'],
      async () => [[{ queue: deliveriesQueue }, Number(await paused())]],
    );
  }

  onModuleInit(): Promise<void> {
    return readyToAsk(this.config, this.deliveries);
  }
}

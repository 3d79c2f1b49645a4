import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'bullmq';

/** How long the end of a worker waits for its server once no job is being processed. */
const patienceMs = 2_000;
/** How long it asks for no job after its server has refused to give one. */
const refusedMs = 1_000;

/**
 * A worker whose end depends on its jobs and not on its server: BullMQ's own waits for a Redis that is away until
 * it is back. And one that leaves a server in peace that has just refused.
 */
export class QueueWorker extends Worker {
  private readonly underWay = new Set<Promise<unknown>>();
  private ending: Promise<void> | undefined;

  /** Takes no further job; resolves when those under way are processed and, if the server answers, finished. */
  override close(force = false): Promise<void> {
    this.ending ??= Promise.race([super.close(force), this.processed()]);
    return this.ending;
  }

  /** BullMQ itself would ask again at once: all the time, for as long as a Redis that is full refuses. */
  protected override async moveToActive(
    ...of: Parameters<Worker['moveToActive']>
  ): ReturnType<Worker['moveToActive']> {
    try {
      return await super.moveToActive(...of);
    } catch (error) {
      if (!this.ending) await pause(refusedMs, undefined, { ref: false });
      throw error;
    }
  }

  protected override callProcessJob(
    ...of: Parameters<Worker['callProcessJob']>
  ): ReturnType<Worker['callProcessJob']> {
    const work = super.callProcessJob(...of);
    this.underWay.add(work);
    const over = () => this.underWay.delete(work);
    work.then(over, over);
    return work;
  }

  private async processed(): Promise<void> {
    do {
      await Promise.allSettled(this.underWay);
      await pause(patienceMs, undefined, { ref: false });
    } while (this.underWay.size > 0);
  }
}

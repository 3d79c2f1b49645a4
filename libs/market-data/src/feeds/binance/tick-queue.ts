import type { Tick } from '../price-feed.ts';
import { Pause, retryDelay, type RetryPolicy } from './retry.ts';

/** Most ticks handed to the sink in one call. */
const BATCH = 1000;

/** Hands ticks to the sink in the order they came, one call at a time; a batch that it rejects is offered again. */
export class TickQueue {
  private readonly waiting: Tick[] = [];
  private readonly watchers: { total: number; resolve: () => void }[] = [];
  private readonly pause = new Pause();
  private pumping: Promise<void> | undefined;
  private added = 0;
  private taken = 0;
  private stopped = false;

  constructor(
    private readonly sink: (ticks: readonly Tick[]) => Promise<void>,
    private readonly retry: RetryPolicy,
    private readonly onFailure: (error: unknown, inARow: number) => void,
  ) {}

  /** Ticks that the sink has not taken yet. */
  get size(): number {
    return this.added - this.taken;
  }

  add(ticks: readonly Tick[]): void {
    if (this.stopped || ticks.length === 0) return;
    for (const tick of ticks) this.waiting.push(tick);
    this.added += ticks.length;
    this.pumping ??= this.pump();
  }

  /** Resolves when the sink has taken all that was added before, or the queue was stopped. */
  drained(): Promise<void> {
    if (this.size === 0 || this.stopped) return Promise.resolve();
    return new Promise((resolve) => this.watchers.push({ total: this.added, resolve }));
  }

  /** Waits for the call under way; no other follows. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.pause.close();
    await this.pumping;
    for (const { resolve } of this.watchers.splice(0)) resolve();
  }

  private async pump(): Promise<void> {
    // Begins after the current turn, so that the frames of one packet make one batch.
    await Promise.resolve();
    while (this.waiting.length > 0 && !this.stopped) {
      const batch = this.waiting.splice(0, BATCH);
      await this.offer(batch);
      this.taken += batch.length;
      while ((this.watchers[0]?.total ?? Infinity) <= this.taken) this.watchers.shift()?.resolve();
    }
    this.pumping = undefined;
  }

  private async offer(batch: readonly Tick[]): Promise<void> {
    for (let failures = 1; !this.stopped; failures++) {
      try {
        await this.sink(batch);
        return;
      } catch (error) {
        this.onFailure(error, failures);
        await this.pause.wait(retryDelay(failures, this.retry));
      }
    }
  }
}

import { Logger } from '@nestjs/common';

/** A round that takes longer waits for something that never comes; an outage ends long before. */
const stuckAfterMs = 600_000;

/**
 * Runs `work` again and again: once a second, at once when woken, never twice at a time. An error is logged
 * and the next round tries again, so a loop outlives an outage of what it works on.
 */
export class Loop {
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private woken = false;
  private stopped = true;
  private failing = false;
  private roundBeganAt: number | undefined;

  constructor(
    name: string,
    private readonly work: () => Promise<unknown>,
    private readonly everyMs = 1000,
  ) {
    this.logger = new Logger(name);
  }

  /** Whether it goes round, also in vain. */
  get isAlive(): boolean {
    const { roundBeganAt = Infinity } = this;
    return !this.stopped && performance.now() - roundBeganAt < stuckAfterMs;
  }

  start(): void {
    this.stopped = false;
    this.wake();
  }

  /** Asks for a round now, or right after the one under way. */
  readonly wake = (): void => {
    this.woken = true;
    // A turn later: work that wakes its own loop must find this round under way.
    if (!this.stopped) this.running ??= Promise.resolve().then(() => this.rounds());
  };

  /** Resolves once the round under way is over; none follows. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async rounds(): Promise<void> {
    clearTimeout(this.timer);
    while (this.woken && !this.stopped) {
      this.woken = false;
      this.roundBeganAt = performance.now();
      try {
        await this.work();
        this.failing = false;
      } catch (error) {
        // Once per outage: a database that is away for an hour is one line, not 3,600.
        if (!this.failing) this.logger.error(error);
        this.failing = true;
      }
    }
    // Here and not in a `finally`: a wake between the last look and this line would be lost otherwise.
    this.running = undefined;
    this.roundBeganAt = undefined;
    if (!this.stopped) this.timer = setTimeout(this.wake, this.everyMs);
  }
}

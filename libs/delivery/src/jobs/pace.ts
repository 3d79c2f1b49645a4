/** A worker may run ahead of its connections by what it gets done in about this time. */
const aheadMs = 100;
/** And by no more than so many times their number. */
const mostAhead = 4;

/**
 * How many jobs a worker has in hand. As many as it has connections where each message takes long: what is claimed
 * and waits is answered with "ask again" to whoever deletes it, and keeps what is urgent waiting. More where they are
 * quick: while some are claimed and others written down, every connection is busy.
 */
export class Pace {
  /** Jobs done in the last `aheadMs`, older ones fading. */
  private recent = 0;
  private at = 0;

  constructor(private readonly connections: number) {}

  /** Counts a job that is done; returns how many there may be now. */
  done(now = performance.now()): number {
    this.recent = this.recent * Math.exp((this.at - now) / aheadMs) + 1;
    this.at = now;
    return this.connections + Math.floor(Math.min(mostAhead * this.connections, this.recent - 1));
  }
}

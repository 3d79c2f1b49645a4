/** Time to wait before a process that ended is started again: a second, doubling to half a minute. */
export class Backoff {
  private nextMs = 1000;

  /** `aliveMs` is how long the process ran: a minute is proof that whatever ended it the last times is over. */
  delayMs(aliveMs: number): number {
    const delay = aliveMs >= 60_000 ? 1000 : this.nextMs;
    this.nextMs = Math.min(delay * 2, 30_000);
    return delay;
  }
}

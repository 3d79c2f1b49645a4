/** Time to wait before a process that ended is started again: a second, doubling to half a minute. */
export class Backoff {
  private nextMs = 1000;
  private ends = 0;

  /** How often it ended without having lived for a minute in between. */
  get inARow(): number {
    return this.ends;
  }

  /** `aliveMs` is how long the process ran: a minute is proof that whatever ended it the last times is over. */
  delayMs(aliveMs: number): number {
    const proven = aliveMs >= 60_000;
    const delay = proven ? 1000 : this.nextMs;
    this.nextMs = Math.min(delay * 2, 30_000);
    this.ends = proven ? 1 : this.ends + 1;
    return delay;
  }
}

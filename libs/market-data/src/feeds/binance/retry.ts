/** How long to wait between attempts, in milliseconds. */
export interface RetryPolicy {
  /** Most before the first retry. */
  readonly firstMs: number;
  /** Doubled with every failure after that … */
  readonly baseMs: number;
  /** … up to this. */
  readonly capMs: number;
}

/** A moment between zero and a limit that doubles, so that clients cut off together do not return together. */
export function retryDelay(failures: number, { firstMs, baseMs, capMs }: RetryPolicy): number {
  const limit = failures <= 1 ? firstMs : Math.min(capMs, baseMs * 2 ** (failures - 1));
  return Math.random() * limit;
}

/** A wait that can be cut short; at most one at a time. */
export class Pause {
  private end: (() => void) | undefined;
  private closed = false;

  wait(ms: number): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.cut(), ms);
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  cut(): void {
    this.end?.();
    this.end = undefined;
  }

  /** Cuts this wait and all that are begun later. */
  close(): void {
    this.closed = true;
    this.cut();
  }
}

import type { Logger } from '@nestjs/common';

/** Errors that follow each other within this time belong to one outage. */
const quietMs = 60_000;

/**
 * Logs errors of a queue or a worker, the first of an outage only: one that is away for an hour reports them every
 * second.
 */
export function onceAnOutage(logger: Logger): (error: Error) => void {
  let last = -Infinity;
  return (error) => {
    const now = performance.now();
    // Several failed addresses make one error without a message.
    if (now - last > quietMs) logger.warn(`Queue: ${error.message || (error as NodeJS.ErrnoException).code}`);
    last = now;
  };
}

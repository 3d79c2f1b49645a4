import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../data-dir/index.ts';

const lockNotAvailable = '55P03';
/** Long enough for those who waited behind the last try to get on. */
const pauseMs = 1_000;

/** Does `work` again while somebody else holds a lock that it needs. @throws Error after `patienceMs` of that */
export async function untilUnlocked<T>(work: () => Promise<T>, patienceMs: number): Promise<T> {
  const patient = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== lockNotAvailable || performance.now() > patient) throw error;
      // At random, or a transaction that comes once a second could meet every try.
      await pause(pauseMs * (1 + Math.random()));
    }
  }
}

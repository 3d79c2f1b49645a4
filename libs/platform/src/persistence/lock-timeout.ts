import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../data-dir/index.ts';

/** SQLSTATE: lock_not_available; deadlock_detected, beside an index that is still being built for a killed process. */
const locked = ['55P03', '40P01'];
/** Long enough for those who waited behind the last try to get on. */
const pauseMs = 1_000;

/** Does `work` again while somebody else holds a lock that it needs. @throws Error after `patienceMs` of that */
export async function untilUnlocked<T>(work: () => Promise<T>, patienceMs: number): Promise<T> {
  const patient = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!locked.includes(errorCode(error) ?? '') || performance.now() > patient) throw error;
      // At random, or a transaction that comes once a second could meet every try.
      await pause(pauseMs * (1 + Math.random()));
    }
  }
}

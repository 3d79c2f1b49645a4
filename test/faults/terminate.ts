import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** What orchestrators give a process, by default, before they kill it. */
const graceMs = 30_000;

/** Ends a process as an orchestrator does: its exit code, the signal that it died of, or that it still runs. */
export async function terminate(process: ChildProcess): Promise<number | string | null> {
  const gone = once(process, 'close').then(() => process.exitCode ?? process.signalCode);
  process.kill('SIGTERM');
  return Promise.race([gone, delay(graceMs, 'still running', { ref: false })]);
}

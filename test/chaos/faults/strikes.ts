import { setTimeout as delay } from 'node:timers/promises';
import type { MailServers, Struck } from '../post-office/mail-servers.ts';
import type { Ambush, Stage } from '../post-office/messages.ts';
import type { Random } from '../random.ts';
import type { Supervised } from '../supervised.ts';
import type { FaultLog } from './fault-log.ts';

/** Longer is not waited for a worker to come to a stage. */
const patienceMs = 2_000;
/** So many workers may be starting or waited for at a time; on a slow machine the next fault waits. */
const mostAway = 3;

/** Kills and holds workers, at any moment or when their mail server sees them at a stage of a hand-over. */
export class Strikes {
  private readonly mail: MailServers;
  private readonly log: FaultLog;
  private readonly random: Random;
  private readonly struckNow = new Set<Supervised>();
  private readonly waiting = new Map<string, () => void>();

  constructor(mail: MailServers, log: FaultLog, random: Random) {
    this.mail = mail;
    this.log = log;
    this.random = random;
  }

  struck({ slot }: Struck): void {
    this.waiting.get(slot)?.();
  }

  /** The process is gone a moment later, which is when it is written down. */
  async kill(workers: readonly Supervised[], stage: Stage | null): Promise<void> {
    const worker = await this.victim(workers, stage === null);
    const { child } = worker;
    if (stage === null || !(await this.ambush(worker, { stage, signal: 'SIGKILL' }))) child?.kill('SIGKILL');
    // Not to be mistaken for the next one, which its next ambush would strike.
    while (worker.child === child) await delay(5);
    this.struckNow.delete(worker);
  }

  /** `meanwhile` is done in the middle of it. */
  async hold(
    workers: readonly Supervised[],
    stage: Stage | null,
    ms: number,
    meanwhile?: (worker: Supervised) => Promise<unknown>,
  ): Promise<void> {
    const worker = await this.victim(workers, false);
    const { child } = worker;
    worker.held = true;
    if (stage) await this.ambush(worker, { stage, signal: 'SIGSTOP' });
    this.struckNow.delete(worker);
    const at = Date.now();
    child?.kill('SIGSTOP');
    await delay(ms / 2);
    await meanwhile?.(worker);
    await delay(ms / 2);
    child?.kill('SIGCONT');
    if (worker.child === child) worker.held = false;
    this.log.add({ kind: 'pause', slot: worker.name, at, until: Date.now() });
  }

  /** One that runs, and that nobody else is about to strike; as soon as enough others run. */
  private async victim(workers: readonly Supervised[], heldToo: boolean): Promise<Supervised> {
    for (;;) {
      const running = workers.filter((one) => one.ready && !this.struckNow.has(one));
      const free = running.filter(({ held }) => heldToo || !held);
      if (free.length > 0 && workers.length - running.length <= mostAway) {
        const chosen = this.random.pick(free);
        this.struckNow.add(chosen);
        return chosen;
      }
      await delay(20);
    }
  }

  /** Whether the worker came to the stage, and was struck there. */
  private async ambush({ name }: Supervised, ambush: Ambush): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.waiting.set(name, () => resolve(true));
    this.mail.ambush(name, ambush);
    const struck = await Promise.race([promise, delay(patienceMs, false)]);
    this.waiting.delete(name);
    if (!struck) this.mail.ambush(name, null);
    return struck;
  }
}

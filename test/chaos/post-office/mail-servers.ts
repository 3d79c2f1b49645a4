import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Mood } from './conduct.ts';
import type { Ambush, Order, Report } from './messages.ts';

export type Struck = Extract<Report, { report: 'struck' }>;

/** The harness's side of the mail servers. */
export class MailServers {
  /** Called when a worker was struck as ordered. */
  onStruck: (struck: Struck) => void = () => undefined;
  /** Of each slot. */
  readonly ports: Readonly<Record<string, number>>;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, ports: Readonly<Record<string, number>>) {
    this.child = child;
    this.ports = ports;
    child.on('message', (report: Report) => report.report === 'struck' && this.onStruck(report));
    child.once('exit', (code) => {
      if (code !== null) throw new Error('The mail servers have ended; nothing can be said of this run.');
    });
  }

  static async open(journal: string, seed: string, slots: readonly string[]): Promise<MailServers> {
    const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)));
    child.send({ order: 'open', journal, seed, slots } satisfies Order);
    const [{ ports }] = (await once(child, 'message')) as [Extract<Report, { report: 'open' }>];
    return new MailServers(child, ports);
  }

  be(mood: Mood): void {
    this.send({ order: 'mood', mood });
  }

  /** Tells which process a slot has now. */
  servesWorker(slot: string, pid: number | null): void {
    this.send({ order: 'pid', slot, pid });
  }

  ambush(slot: string, ambush: Ambush | null): void {
    this.send({ order: 'ambush', slot, ambush });
  }

  close(): void {
    this.child.removeAllListeners('exit').kill('SIGKILL');
  }

  private send(order: Order): void {
    if (this.child.connected) this.child.send(order);
  }
}

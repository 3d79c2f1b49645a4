import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How one life of a process ended. */
export interface Ending {
  readonly name: string;
  readonly at: number;
  /** It had begun its work. */
  readonly ready: boolean;
  /** `SIGKILL` when we killed it, otherwise what it ended with by itself. */
  readonly how: string;
}

/** A process of Tocsin that is started again whenever it ends, as a supervisor would. */
export class Supervised {
  readonly name: string;
  ready = false;
  /** Held by a SIGSTOP. */
  held = false;
  child: ChildProcess | undefined;
  onPid: (pid: number | null) => void = () => undefined;
  onEnd: (ending: Ending) => void = () => undefined;
  private readonly launch: () => ChildProcess;
  private stopping = false;

  constructor(name: string, program: string, environment: Record<string, string>, log: string) {
    this.name = name;
    const output = openSync(log, 'a');
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...environment };
    this.launch = () => spawn(process.execPath, [program], { env, stdio: ['ignore', output, output, 'ipc'] });
  }

  start(): void {
    const child = this.launch();
    this.child = child;
    this.ready = false;
    this.held = false;
    this.onPid(child.pid ?? null);
    child.on('message', (message) => {
      if (message === 'ready') this.ready = true;
    });
    child.once('exit', (code, signal) => {
      const { name, ready } = this;
      this.ready = false;
      this.onPid(null);
      this.onEnd({ name, at: Date.now(), ready, how: signal ?? `code ${code}` });
      if (this.stopping) return;
      // What ends by itself at once is not started again all the time.
      if (signal === 'SIGKILL') this.start();
      else setTimeout(() => this.stopping || this.start(), 500);
    });
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async untilReady(patienceMs = 120_000): Promise<void> {
    for (const end = Date.now() + patienceMs; !this.ready; await delay(20)) {
      if (Date.now() > end) throw new Error(`${this.name} does not become ready.`);
    }
  }

  end(): void {
    this.stopping = true;
    this.kill();
  }
}

import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A server from a Debian package that a test starts, ends, kills, holds and starts again on the same port. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private said = '';
  private readonly launch: () => ChildProcess;
  private readonly answers: () => Promise<unknown>;

  constructor(
    program: string,
    parameters: readonly string[],
    options: SpawnOptions,
    answers: () => Promise<unknown>,
  ) {
    this.launch = () => spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.answers = answers;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const child = this.launch();
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.said = (this.said + data.toString()).slice(-4000)));
    }
    const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`It ended:\n${this.said}`)));
    await Promise.race([this.untilItAnswers(child), failed, ended]);
  }

  /** Ends it: politely by default. Resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    // One that is held hears nothing but this.
    this.resume();
    child.kill(signal);
    await gone;
  }

  /** Keeps its connections open and answers nothing, nor do the processes that it has, until {@link resume}. */
  hold(): void {
    this.child?.kill('SIGSTOP');
    for (const pid of this.ownProcesses()) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.ownProcesses()) signal(pid, 'SIGCONT');
    this.child?.kill('SIGCONT');
  }

  private ownProcesses(): number[] {
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(this.child?.pid)], {
      encoding: 'utf8',
    });
    return stdout.trim().split(/\s+/).filter(Boolean).map(Number);
  }

  private async untilItAnswers(child: ChildProcess): Promise<void> {
    for (;;) {
      try {
        await this.answers();
        return;
      } catch (error) {
        if (child.exitCode !== null || child.signalCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}

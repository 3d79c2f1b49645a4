import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { assertTellsNoSecret } from './told-secrets.ts';

const supervisor = fileURLToPath(new URL('../../dist/apps/embedded/src/main.js', import.meta.url));

/** `npm start` without npm: the built supervisor as a process, with the variables given and no others of ours. */
export class Tocsin {
  output = '';
  private readonly process: ChildProcess;
  private readonly exit: Promise<unknown[]>;

  constructor(variables: Record<string, string>) {
    const { PATH, HOME } = process.env;
    this.process = spawn(process.execPath, [supervisor], {
      env: { PATH, HOME, ...variables },
      // As under a shell: a process group that Ctrl-C reaches as a whole.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    }
    this.exit = once(this.process, 'close');
  }

  /** Where the api listens, once it is ready. */
  async ready(): Promise<string> {
    await this.prints(/Tocsin is ready/);
    const [, url] = await this.prints(/(http:\S+)\/docs/);
    return url ?? '';
  }

  /** Waits for output; fails with all of it when the process ends instead, or says nothing of the kind for a minute. */
  async prints(pattern: RegExp): Promise<string[]> {
    const said = () => pattern.exec(this.output) ?? (this.isOver() && []);
    const match = await vi.waitUntil(said, { timeout: 60_000, interval: 50 }).catch(() => []);
    if (!match[0]) throw new Error(`${String(pattern)} is not in the output:\n${this.output}`);
    return match;
  }

  isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** What a machine does that is out of memory: it and everything that it started end at once. */
  killAll(): void {
    const pids = this.children();
    this.kill('SIGKILL');
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was faster.
      }
    }
  }

  /** What a terminal does: the signal goes to every process of the group. */
  pressCtrlC(): void {
    if (this.process.pid !== undefined) process.kill(-this.process.pid, 'SIGINT');
  }

  /** The exit code, once the process is gone. @throws Error when one of its lines told a secret */
  async ended(): Promise<unknown> {
    const [code] = await this.exit;
    assertTellsNoSecret(this.output);
    return code;
  }

  /** Ids of the processes that it started, of those whose command line matches. */
  children(pattern = /./): number[] {
    return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
      .filter(
        ([, pid, parent, command = '']) =>
          Number(parent) === this.process.pid && pid && pattern.test(command),
      )
      .map(([, pid]) => Number(pid));
  }
}

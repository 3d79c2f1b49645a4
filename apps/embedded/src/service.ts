import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError } from '#platform/config';
import type { Announcement } from '#platform/lifecycle';
import { Backoff } from './backoff.ts';
import { endedText, LastWords } from './last-words.ts';
import { lineOf } from './log-line.ts';
import { howItEnded, launch, type Print, type Program } from './program.ts';

/** A program that is kept running until it is told to stop. */
export class Service {
  private readonly backoff = new Backoff();
  private child: ChildProcess | undefined;
  private restart: NodeJS.Timeout | undefined;
  private stopping = false;
  private readonly started = Promise.withResolvers<void>();
  /** What the program had to say to whoever started it. */
  readonly announcements: string[] = [];

  /**
   * Resolves when the program, or a successor of it, has said for the first time that it is ready; rejects when it
   * refuses its settings, with which it would be no use to start it again.
   */
  readonly ready = this.started.promise;

  constructor(
    private readonly program: Program,
    private readonly print: Print,
  ) {}

  start(): void {
    const began = performance.now();
    const words = new LastWords();
    const child = launch(this.program, this.print, words);
    this.child = child;
    const ended = (how: string): void => {
      if (this.stopping) return;
      if (child.exitCode === ConfigurationError.exitCode) {
        this.started.reject(new Error(`The ${this.program.name} does not start with these settings.`));
        return;
      }
      const delayMs = this.backoff.delayMs(performance.now() - began);
      this.print(lineOf(this.program.name, endedText(how, words.text, this.backoff.inARow, delayMs)));
      this.restart = setTimeout(() => this.start(), delayMs);
    };
    child.on('message', (said) => this.hear(said));
    child.once('exit', () => {
      this.child = undefined;
      // Its last words may still be in the pipe, which somebody else may hold open too.
      const heard = new Promise((resolve) => child.once('close', resolve));
      const late = delay(1000, undefined, { ref: false });
      void Promise.race([heard, late]).then(() => ended(howItEnded(child)));
    });
    child.once('error', (error) => {
      // Also a failed kill is an error; only without a process there will be no exit.
      if (child.pid !== undefined) return;
      this.child = undefined;
      ended(error.message);
    });
  }

  private hear(said: unknown): void {
    if (said === 'ready') this.started.resolve();
    else if (isAnnouncement(said)) this.announcements.push(said.announcement);
  }

  /** Asks the program to finish, and insists after 20 s. Resolves when its process is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    const { child } = this;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const patience = new AbortController();
    const impatient = delay(20_000, undefined, { signal: patience.signal }).then(
      () => this.kill(),
      () => {},
    );
    await gone;
    patience.abort();
    await impatient;
  }

  /** Ends the program at once, with whatever it started. */
  kill(): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    this.print(lineOf(this.program.name, 'killed before it had finished'));
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It was faster.
    }
  }
}

function isAnnouncement(said: unknown): said is Announcement {
  return typeof said === 'object' && said !== null && 'announcement' in said;
}

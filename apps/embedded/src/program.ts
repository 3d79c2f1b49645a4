import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LastWords } from './last-words.ts';
import { readableLine } from './log-line.ts';

/** One of our programs: the name it is spoken of by, its built file, and its variables. */
export interface Program {
  readonly name: string;
  /** Relative to this folder in `dist`. */
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where lines for the person at the terminal go. */
export type Print = (line: string) => void;

const preload = new URL('./end-with-supervisor.js', import.meta.url).href;

/**
 * Starts a program whose output is printed, and its errors kept in `words`. The channel between us is not for messages: it breaks when this
 * process is killed, and then the program ends itself.
 */
export function launch(
  { name, file, environment }: Program,
  print: Print,
  words = new LastWords(),
): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--import', preload, fileURLToPath(new URL(file, import.meta.url))],
    {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C reaches this process only, which stops the others in order.
      detached: true,
    },
  );
  for (const output of [child.stdout, child.stderr]) {
    if (!output) continue;
    createInterface({ input: output }).on('line', (line) => {
      words.hear(line, output === child.stderr);
      const readable = readableLine(name, line);
      if (readable !== undefined) print(readable);
    });
  }
  return child;
}

/** Runs a program that ends by itself. @throws Error unless it succeeds; on `signal` it is stopped. */
export async function runOnce(program: Program, print: Print, signal: AbortSignal): Promise<void> {
  const child = launch(program, print);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  try {
    await once(child, 'close');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (child.exitCode !== 0) throw new Error(`${program.name} failed (${howItEnded(child)}).`);
}

/** The signal or the exit code. */
export function howItEnded({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit code ${exitCode}`;
}

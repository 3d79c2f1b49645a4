import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Whoever started a program sees it end, and cleans up as after any failure.
  process.on(signal, () => running.forEach((child) => child.kill(signal)));
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Shows what it says at once, instead of returning it. */
  readonly show?: boolean;
  readonly timeoutMs?: number;
}

/** What a program prints. @throws Error with the end of what it said when it fails */
export async function run(
  [program = '', ...parameters]: readonly string[],
  { env = {}, cwd, show = false, timeoutMs = 3_600_000 }: RunOptions = {},
): Promise<string> {
  const child = spawn(program, parameters, {
    env: { ...process.env, ...env },
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    timeout: timeoutMs,
    ...(cwd && { cwd }),
  });
  running.add(child);
  let output = '';
  let said = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-8_000)));
  }
  const [code, signal] = (await once(child, 'close').finally(() => running.delete(child))) as [
    number,
    string,
  ];
  if (code === 0) return output;
  throw new Error(`${program} ${parameters.join(' ')} ended with ${signal ?? code}\n${said}`);
}

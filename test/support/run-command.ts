import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A command of the embedded profile as a built program: `npm run backup` without npm. */
export function startCommand(
  name: 'backup' | 'restore' | 'release' | 'doctor',
  args: readonly string[],
  variables: Record<string, string>,
): ChildProcess {
  const file = fileURLToPath(new URL(`../../dist/apps/embedded/src/${name}.js`, import.meta.url));
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, [file, ...args], {
    env: { PATH, HOME, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs it to its end. */
export async function runCommand(
  ...command: Parameters<typeof startCommand>
): Promise<{ code: unknown; output: string }> {
  const child = startCommand(...command);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data: Buffer) => (output += data.toString()));
  }
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

/** Runs it to its end, which must be a good one; returns its output. */
export async function succeed(...command: Parameters<typeof startCommand>): Promise<string> {
  const { code, output } = await runCommand(...command);
  if (code !== 0) throw new Error(`${command[0]} failed:\n${output}`);
  return output;
}

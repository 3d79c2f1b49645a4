import { type Config, ConfigurationError, loadConfig } from '#platform/config';

/** Runs a command to its end. What goes wrong is a line; a signal lets it clean up first. */
export async function runCommand(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const ending = new AbortController();
  const interrupt = (): void => ending.abort(new Error('Interrupted.'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  try {
    await work(ending.signal);
  } catch (error) {
    process.exitCode = 1;
    for (const line of linesOf(error)) process.stderr.write(`${line}\n`);
    // What was broken off may still hold connections.
    if (ending.signal.aborted) process.exit();
  }
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) return error.lines;
  return [error instanceof Error ? error.message : String(error)];
}

/** The settings of the embedded profile, for a command that works on its database alone. */
export function embeddedConfig(command: string): Config {
  const config = loadConfig({ ...process.env, TOCSIN_PROFILE: 'embedded' });
  if (config.databaseUrl === null) return config;
  throw new Error(
    `npm run ${command} is for the embedded database. For the one in DATABASE_URL use pg_dump and pg_restore.`,
  );
}

/** The same settings as those of a process on this database. */
export const settingsFor = (databaseUrl: string): Config =>
  loadConfig({ ...process.env, TOCSIN_PROFILE: 'embedded', DATABASE_URL: databaseUrl });

export const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** `2026-11-22 03:10:05 UTC`. */
export const timeText = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `20261122T031005Z`, for names of files. */
export const timeStamp = (at: Date): string => at.toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');

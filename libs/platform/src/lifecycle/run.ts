import type { INestApplicationContext } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { ConfigurationError } from '../config/index.ts';

/**
 * Starts a process and sees to its end: bad settings stop it with a line for each variable; SIGTERM and
 * SIGINT end it cleanly.
 */
export async function run<App extends INestApplicationContext>(
  create: () => Promise<App>,
  start: (app: App) => Promise<unknown>,
): Promise<void> {
  try {
    const app = await create();
    app.useLogger(app.get(Logger));
    // An end that was asked for is a success; dying of the signal again would look like a crash.
    app.enableShutdownHooks(undefined, { useProcessExit: true });
    await start(app);
    // To the supervisor, where there is one.
    process.send?.('ready');
  } catch (error) {
    const lines = error instanceof ConfigurationError ? error.lines : [describe(error)];
    for (const line of lines) process.stderr.write(`${line}\n`);
    process.exit(1);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `PORT: ${port} is taken by another program; set PORT to a free one.`;
  return error.stack ?? error.message;
}

import type { INestApplicationContext } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Metrics } from '../metrics/index.ts';
import { Config } from '../config/index.ts';
import { hangUpOnceSilent } from '../persistence/index.ts';
import { fail } from './fail.ts';

const signals = ['SIGTERM', 'SIGINT'] as const;
const end = (): never => process.exit(0);

/**
 * Starts a process and sees to its end: bad settings stop it with a line for each variable; SIGTERM and
 * SIGINT end it cleanly, and the last line of its log says how it ended.
 */
export async function run<App extends INestApplicationContext>(
  create: () => Promise<App>,
  start: (app: App) => Promise<unknown>,
): Promise<void> {
  // As the first process of a container nobody else ends it while it waits for its services.
  for (const signal of signals) process.once(signal, end);
  try {
    const app = await create();
    const logger = app.get(Logger);
    app.useLogger(logger);
    process.once('exit', (code) => logger.log(`Ended with ${code}.`, 'Process'));
    app.get(Metrics).watchProcess();
    for (const signal of signals) process.off(signal, end);
    // An end that was asked for is a success; dying of the signal again would look like a crash.
    app.enableShutdownHooks(undefined, { useProcessExit: true });
    for (const signal of signals) process.once(signal, () => void hangUpOnceSilent(app.get(Config)));
    await start(app);
    // To the supervisor, where there is one.
    process.send?.('ready');
  } catch (error) {
    fail(error);
  }
}

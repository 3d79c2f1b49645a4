import type { Config } from '../config/index.ts';

/**
 * Resolves once a queue or worker has found its tables. On Postgres BullMQ looks for them once and believes the
 * answer for ever, also "Postgres is away": a process that began with that would never hand over anything.
 * @throws Error when they are not there, or Postgres is away
 */
export async function readyToAsk(
  { redisUrl }: Config,
  asker: { waitUntilReady(): Promise<unknown> },
): Promise<void> {
  if (redisUrl === null) await asker.waitUntilReady();
}

import { startRedis } from './redis-server.ts';
import { watchJobsOnRedis } from './watch-jobs.ts';

/** What the jobs of a spec are kept in. */
export interface QueueServer {
  /** For the configuration of the processes that share it. */
  readonly variables: NodeJS.ProcessEnv;
  /** Fails when a job told a secret. */
  close(): Promise<void>;
}

/** A Redis of the spec's own in the suite on servers (`npm run test:servers`), elsewhere the spec's Postgres. */
export async function startQueueServer(): Promise<QueueServer> {
  if (!process.env['TEST_SERVERS']) return { variables: {}, close: () => Promise.resolve() };
  const redis = await startRedis();
  const jobsTellNoSecret = await watchJobsOnRedis(redis);
  return {
    variables: { REDIS_URL: redis.url },
    close: async () => {
      await redis.close();
      await jobsTellNoSecret();
    },
  };
}

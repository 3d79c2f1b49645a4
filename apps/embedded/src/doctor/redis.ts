import type { Config } from '#platform/config';
import { redisAt, Unusable } from '#platform/services';
import { type Check, failed, ok, warn } from './finding.ts';

/** The Redis of `REDIS_URL`. */
export const redis = ({ redisUrl }: Config): Check => ({
  subject: 'Redis',
  look: async () => {
    if (redisUrl === null) return [ok('none: jobs are in Postgres')];
    const service = redisAt(redisUrl);
    try {
      const { version, evictionPolicy } = await service.ask();
      const found = ok(`${version} at ${service.address}`);
      if (evictionPolicy === 'noeviction') return [found];
      const text = `REDIS_URL: it throws jobs away when it is full (maxmemory-policy ${evictionPolicy})`;
      return [found, warn(text, 'Set its maxmemory-policy to noeviction.')];
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const advice = error.passing
        ? 'Start it, or correct REDIS_URL. What runs goes on without it, more slowly; nothing new starts.'
        : 'Correct REDIS_URL, or that server; no process of Tocsin starts until then.';
      return [failed(`REDIS_URL: Redis at ${service.address} ${error.reason}`, advice)];
    }
  },
});

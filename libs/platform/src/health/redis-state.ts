import type { Redis } from '../redis/index.ts';

/** How Redis is, where one is configured. */
export async function redisState(redis: Redis): Promise<{ redis?: { status: 'up' | 'away' } }> {
  if (!redis.client) return {};
  const answer = await redis.ask((client) => client.ping());
  return { redis: { status: answer === undefined ? 'away' : 'up' } };
}

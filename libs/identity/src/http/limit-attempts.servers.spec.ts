import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { type Api, startApi } from '../../../../test/support/api.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';

let redis: RedisServer;
let apis: [Api, Api];

beforeEach(async () => {
  redis = await startRedis();
  const start = () => startApi(inject('postgresUrl'), { REDIS_URL: redis.url });
  apis = [await start(), await start()];
});
afterEach(async () => {
  await Promise.all(apis.map((api) => api.close()));
  await redis.close();
});

const logIn = (api: Api, email: string, password: string) =>
  api.call({ method: 'POST', url: '/v1/auth/login', body: { email, password } });

it('counts attempts for all apis of an installation, under keys that name nobody', async () => {
  const [one, other] = apis;
  const password = 'correct horse battery staple';
  // On a busy machine Redis may be too slow for a moment, and is then not waited for: such a try counts for nothing.
  await vi.waitFor(
    async () => {
      const email = `ada-${crypto.randomUUID()}@example.org`;
      const body = { email, password };
      expect(await one.call({ method: 'POST', url: '/v1/auth/register', body })).toMatchObject({
        status: 201,
      });
      for (const api of [one, other]) {
        for (let index = 0; index < 14; index += 1) await logIn(api, email, 'incorrect horse');
      }
      const keys = await redis.command('keys rate:*');
      expect(keys).toMatch(/rate:passwords-address:[\w-]{22}:127\.0\.0\.1/);
      expect(keys).toMatch(/rate:passwords:[\w-]{22}/);
      expect(keys).not.toContain('ada');

      expect((await logIn(one, email, password)).status).toBe(200);
      for (let index = 0; index < 30; index += 1) {
        expect((await logIn(other, email, 'incorrect horse')).status).toBe(401);
      }
      for (const api of apis) {
        expect((await logIn(api, email, password)).headers['ratelimit']).toContain('"passwords-address";r=0');
      }
    },
    { timeout: 60_000, interval: 1_100 },
  );
});

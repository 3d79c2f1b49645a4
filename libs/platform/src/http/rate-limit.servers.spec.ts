import { HttpException, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpApp } from '../../../../test/support/http-app.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { loadConfig } from '../config/index.ts';
import { Redis } from '../redis/index.ts';
import { RateLimit } from './rate-limit.ts';

/** On a busy machine Redis may be too slow for a moment, and is then not waited for: such a try counts for nothing. */
const patience = { timeout: 20_000, interval: 1_100 };

describe('a limit of several processes with one Redis', () => {
  let server: RedisServer;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
  });
  afterEach(() => server.close());

  describe('two of them', () => {
    const quota = 300;
    const portion = 3;
    let clients: Redis[];
    let processes: RateLimit[];

    beforeEach(() => {
      const policy = { name: 'test', quota, windowSeconds: 3_600 };
      clients = [1, 2].map(() => new Redis(loadConfig({ REDIS_URL: server.url })));
      processes = clients.map((redis) => new RateLimit(policy, redis));
    });
    afterEach(() => Promise.all(clients.map((redis) => redis.onApplicationShutdown())));

    const answering = () =>
      vi.waitFor(async () => {
        for (const redis of clients) expect(await redis.ask((client) => client.ping())).toBe('PONG');
      }, patience);

    /** How many of so many requests a process lets through. */
    async function admittedBy(limit: RateLimit, key: string, count: number): Promise<number> {
      const reply = { getHeader: () => undefined, header: () => reply } as unknown as FastifyReply;
      const answers = await Promise.allSettled(Array.from({ length: count }, () => limit.admit(key, reply)));
      const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
      for (const refusal of refusals) expect((refusal as HttpException).getStatus()).toBe(429);
      return count - refusals.length;
    }

    const admitted = (key: string, count: number) =>
      Promise.all(processes.map((limit) => admittedBy(limit, key, count)));

    it('let through what is allowed and no more, however the requests are spread', async () => {
      await answering();
      await vi.waitFor(async () => {
        const key = crypto.randomUUID();
        const [first = 0, second = 0] = await admitted(key, quota);
        expect(first + second).toBe(quota);
        expect(Math.min(first, second)).toBeGreaterThan(0);
        expect(await admitted(key, 10)).toEqual([0, 0]);
      }, patience);
    });

    it('keep what is left of a portion, and ask once for one, however many wait for it', async () => {
      await answering();
      await vi.waitFor(async () => {
        const key = crypto.randomUUID();
        await admitted(key, portion + 1);
        expect(await server.command(`get rate:test:${key}`)).toContain(String(4 * portion));
        const [first = 0] = processes;
        expect(await admittedBy(first as RateLimit, key, quota)).toBe(quota - 3 * portion - 1);
      }, patience);
    });

    it('forget a key together, also where it is refused already', async () => {
      await answering();
      await vi.waitFor(async () => {
        const key = crypto.randomUUID();
        await admitted(key, quota);
        expect(await admitted(key, 1)).toEqual([0, 0]);
        const [first, second] = processes as [RateLimit, RateLimit];
        await first.forget(key);
        expect(await admittedBy(first, key, 1)).toBe(1);
        await expect.poll(() => admittedBy(second, key, 1), { timeout: 5_000 }).toBe(1);
        expect(await server.command(`get rate:test:${key}`)).toContain(String(2 * portion));
      }, patience);
    });

    it.each([
      ['gone', () => server.stop('SIGKILL'), () => server.start()],
      ['hanging', async () => server.hold(), async () => server.resume()],
    ])('keep to it each by itself while Redis is %s, and together afterwards', async (_, leave, comeBack) => {
      await answering();
      await leave();
      expect(await admitted('ada', quota + 100)).toEqual([quota, quota]);

      await comeBack();
      await answering();
      await vi.waitFor(async () => {
        const key = crypto.randomUUID();
        const [first = 0, second = 0] = await admitted(key, quota);
        expect(first + second).toBe(quota);
      }, patience);
    });
  });

  it('is one for the apis of an installation', async () => {
    const REDIS_URL = server.url;
    const apps = [await startHttpApp({ REDIS_URL }), await startHttpApp({ REDIS_URL })];
    let last = 0;
    await vi.waitFor(async () => {
      const remoteAddress = `203.0.113.${(last += 1)}`;
      const left: unknown[] = [];
      for (const app of apps) {
        const { headers } = await app.inject({ url: '/nowhere', remoteAddress });
        left.push(headers['ratelimit']);
      }
      // A hundredth at a time: the second sees that the first took 60.
      expect(left).toEqual(['"address";r=5999;t=60', '"address";r=5939;t=60']);
    }, patience);
    await Promise.all(apps.map((app) => app.close()));
  });
});

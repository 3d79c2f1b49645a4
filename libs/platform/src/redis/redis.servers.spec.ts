import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { loadConfig } from '../config/index.ts';
import { Redis } from './redis.ts';

describe('Redis, which may be away at any moment', () => {
  let server: RedisServer;
  let redis: Redis;
  const ping = () => redis.ask((client) => client.ping());

  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
    redis = new Redis(loadConfig({ REDIS_URL: server.url }));
    await vi.waitUntil(ping);
  });
  afterEach(async () => {
    await redis.onApplicationShutdown();
    await server.close();
  });

  it('leaves a question unanswered while the server is gone, and answers again by itself', async () => {
    await server.stop('SIGKILL');
    expect(await ping()).toBeUndefined();
    await server.start();
    await vi.waitFor(async () => expect(await ping()).toBe('PONG'), { timeout: 5_000 });
  });

  it('lets one question a second wait for a server that hangs, and none of the others', async () => {
    server.hold();
    expect(await ping()).toBeUndefined();
    const asked = vi.fn<() => Promise<string>>(() => Promise.resolve('asked'));
    expect(await redis.ask(asked)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
    server.resume();
    await vi.waitFor(async () => expect(await ping()).toBe('PONG'), { timeout: 5_000 });
  });

  it('takes an answer that came while the process was busy for longer than it waits', async () => {
    const answer = ping();
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect(await answer).toBe('PONG');
  });

  it('never rejects, also when the question itself does', async () => {
    expect(await redis.ask(() => Promise.reject(new Error('WRONGTYPE')))).toBeUndefined();
  });

  it('ends while the server hangs', async () => {
    server.hold();
    await redis.onApplicationShutdown();
    expect(redis.client?.isOpen).toBe(false);
  });

  it('is not asked at all where no address is given', async () => {
    const none = new Redis(loadConfig({}));
    expect([none.client, await none.ask((client) => client.ping())]).toEqual([null, undefined]);
  });
});

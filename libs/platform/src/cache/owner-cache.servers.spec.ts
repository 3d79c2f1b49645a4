import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { loadConfig } from '../config/index.ts';
import { Redis } from '../redis/index.ts';
import { OwnerCache } from './owner-cache.ts';

describe('lists kept in Redis by two processes', () => {
  let server: RedisServer;
  /** Stands between the writing process and Redis. */
  let proxy: TcpProxy;
  let connections: Redis[];
  let writer: OwnerCache;
  let reader: OwnerCache;
  /** What a new answer would say. */
  let now: string;
  const patient = { timeout: 10_000 };

  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
    const { hostname, port } = new URL(server.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    connections = [`redis://127.0.0.1:${proxy.port}`, server.url].map(
      (url) => new Redis(loadConfig({ REDIS_URL: url })),
    );
    [writer, reader] = connections.map((redis) => new OwnerCache(redis)) as [OwnerCache, OwnerCache];
    now = 'as it was';
    await connected();
    await bothKeep();
  });
  afterEach(async () => {
    for (const redis of connections) await redis.onApplicationShutdown();
    await proxy.close();
    await server.close();
  });

  const answers = async (redis: Redis) => expect(await redis.ask((client) => client.ping())).toBe('PONG');
  const connected = async () => {
    for (const redis of connections) await vi.waitFor(() => answers(redis), patient);
  };
  const read = async (cache: OwnerCache) =>
    (await cache.read('alerts', 'ada', '?page=1', () => Promise.resolve({ body: now, link: '' }))).body;
  const kept = async (cache: OwnerCache) =>
    (await cache.read('alerts', 'ada', '?page=1', () => Promise.reject(new Error('It keeps nothing.')))).body;
  const bothKeep = () =>
    vi.waitFor(async () => {
      await Promise.all([read(writer), read(reader)]);
      expect(await Promise.all([kept(writer), kept(reader)])).toEqual([now, now]);
    }, patient);
  const change = async () => {
    now = 'changed';
    await writer.changed('alerts', ['ada']);
  };

  it('are valid in both until one tells of a change, and at once no more', async () => {
    for (let round = 0; round < 200; round += 1) {
      await read(reader);
      now = `change ${round}`;
      await writer.changed('alerts', ['ada']);
      expect(await Promise.all([read(reader), read(writer)])).toEqual([now, now]);
    }
  });

  it('do not come from a reader that began before the change and finished after it', async () => {
    await writer.changed('alerts', ['ada']);
    const slow = Promise.withResolvers<{ body: string; link: string }>();
    const begun = Promise.withResolvers<void>();
    const reading = reader.read('alerts', 'ada', '?page=1', () => {
      begun.resolve();
      return slow.promise;
    });
    await begun.promise;
    await change();
    slow.resolve({ body: 'as it was', link: '' });
    await reading;
    await connected();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
  });

  it('are gone with a Redis that was emptied, and kept again after that', async () => {
    now = 'changed';
    await server.command('flushall');
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    await bothKeep();
  });

  it('do not come back with a Redis that was restored to what it was before the change', async () => {
    const generation = () => server.command('get tocsin:lists:alerts:ada');
    const before = await generation();
    await server.command('save');
    await change();
    expect(await generation()).not.toBe(before);
    await server.stop('SIGKILL');
    await server.start();
    expect(await generation()).toBe(before);
    await connected();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
  });

  it('are made each time while Redis is away, and never from before a change that could not be told', async () => {
    await server.stop('SIGKILL');
    await vi.waitUntil(() => connections.every(({ client }) => !client?.isReady));
    await change();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    expect(reader.lookups.get('alerts')?.away).toBeGreaterThan(0);
    await server.start();
    await connected();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    await bothKeep();
  });

  it('end as soon as a process that was cut off while it changed something is back', async () => {
    proxy.cut();
    await vi.waitUntil(() => !connections[0]?.client?.isReady);
    await change();
    expect(await read(writer)).toBe('changed');
    // Nobody can have told this one; what it keeps is ten seconds old at most.
    expect(await read(reader)).toBe('as it was');
    proxy.restore();
    await connected();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
  });

  it('end when a Redis that hung goes on, and meanwhile nobody waits for long', async () => {
    server.hold();
    await change();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    server.resume();
    await connected();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    await bothKeep();
  });

  it('end at once also when Redis is full and takes nothing new', async () => {
    await server.command('config set maxmemory 1');
    await change();
    expect(await Promise.all([read(reader), read(writer)])).toEqual(['changed', 'changed']);
    await server.command('config set maxmemory 0');
    await bothKeep();
  });

  it('are kept for ten seconds, so that nothing that was missed lasts', async () => {
    const client = connections[1]?.client;
    const [key = ''] = (await client?.keys('tocsin:lists:alerts:ada:*')) ?? [];
    const left = await client?.pTTL(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(10_000);
  });
});

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
    vi.useRealTimers();
    vi.restoreAllMocks();
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

  it('goes on at once when the answer was only late', async () => {
    // The pause for which a server that hangs is left alone would never be over.
    vi.useFakeTimers({ toFake: ['performance'] });
    server.hold();
    expect(await ping()).toBeUndefined();
    server.resume();
    await vi.waitFor(async () => expect(await ping()).toBe('PONG'), { timeout: 5_000 });
  });

  it('is told things in their order, also by those who do not wait, and makes one of them wait while it hangs', async () => {
    const note = (text: string) => redis.tell((client) => client.append('notes', text));
    await note('a');
    server.hold();
    await note('b');
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    await Promise.all(['c', 'd', 'e'].map(note));
    vi.useRealTimers();
    server.resume();
    const notes = () => redis.ask((client) => client.get('notes'));
    await vi.waitFor(async () => expect(await notes()).toBe('abcde'), { timeout: 5_000 });
  });

  it('is told nothing while the server is gone', async () => {
    await server.stop('SIGKILL');
    await vi.waitUntil(() => !redis.client?.isReady);
    const said = vi.fn<() => Promise<string>>(() => Promise.resolve('said'));
    await redis.tell(said);
    expect(said).not.toHaveBeenCalled();
  });

  it('is said to be away once, however many wait, and not for a moment', async () => {
    const warned = vi.spyOn(Logger.prototype, 'warn');
    const logged = vi.spyOn(Logger.prototype, 'log');
    server.hold();
    await Promise.all([ping(), ping(), ping()]);
    expect(warned).not.toHaveBeenCalled();
    await vi.waitUntil(async () => (await ping()) ?? warned.mock.calls.length > 0, { timeout: 5_000 });
    server.resume();
    await vi.waitFor(() => expect(logged).toHaveBeenCalled(), { timeout: 5_000 });
    expect(warned.mock.calls).toEqual([['Redis is away: No answer within 100 ms.']]);
    expect(logged.mock.calls).toEqual([['Redis is back.']]);
  });

  it('is not away when it refuses: it answers the others at once, and that it refuses is said once', async () => {
    const warned = vi.spyOn(Logger.prototype, 'warn');
    const logged = vi.spyOn(Logger.prototype, 'log');
    await server.command('config set maxmemory 1');
    for (let time = 0; time < 5; time += 1) {
      expect(await redis.ask((client) => client.set('something', 'new'))).toBeUndefined();
      await vi.waitFor(async () => expect(await ping()).toBe('PONG'), { timeout: 5_000 });
    }
    expect(warned.mock.calls).toEqual([[expect.stringMatching(/^Redis refuses: OOM command not allowed/)]]);
    expect(logged).not.toHaveBeenCalled();
  });

  it('takes an answer that came while the process was busy for longer than it waits', async () => {
    const answer = ping();
    // The client writes what it is asked at the end of a turn.
    await new Promise(setImmediate);
    // Nothing of this process runs meanwhile, and whatever else is on the machine does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
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

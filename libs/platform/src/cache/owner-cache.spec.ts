import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { Redis } from '../redis/index.ts';
import { OwnerCache } from './owner-cache.ts';

const answerOf = (body: string) => ({ body, link: '<…>; rel="first"' });

describe('lists kept in the memory of one process', () => {
  let cache: OwnerCache;
  /** Milliseconds. */
  let elapsed = 1_000;
  const pass = (ms: number) => {
    elapsed += ms;
    vi.advanceTimersByTime(ms);
  };
  /** What a new answer would say. */
  let now: string;
  const make = vi.fn<() => Promise<{ body: string; link: string }>>(() => Promise.resolve(answerOf(now)));
  const read = (owner = 'ada', key = '?page=1', made: () => ReturnType<typeof make> = make) =>
    cache.read('alerts', owner, key, made);

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    vi.spyOn(performance, 'now').mockImplementation(() => elapsed);
    now = 'as it was';
    cache = new OwnerCache(new Redis(loadConfig({})));
    // The first answer of an owner is not kept.
    for (const owner of ['ada', 'grace']) await read(owner);
    make.mockClear();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('are made once and sent again as they were', async () => {
    const answers = [await read(), await read(), await read()];
    expect(answers).toEqual([answerOf(now), answerOf(now), answerOf(now)]);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('are counted, those that were kept and those that were not', async () => {
    const before = { ...cache.lookups.get('alerts') };
    for (let times = 0; times < 3; times += 1) await read();
    expect(cache.lookups.get('alerts')).toEqual({ hit: 2, miss: Number(before.miss) + 1, away: 0 });
  });

  it('are looked for once by those who ask in the same turn', async () => {
    await read();
    const mget = vi.spyOn(cache['store'], 'mget');
    const answers = await Promise.all([read(), read(), read('ada', '?page=2')]);
    expect(answers).toEqual([answerOf(now), answerOf(now), answerOf(now)]);
    expect(mget).toHaveBeenCalledTimes(2);
  });

  it('are looked for again by whoever asks after the question was sent', async () => {
    await read();
    const answered = Promise.withResolvers<void>();
    const { mget } = cache['store'];
    vi.spyOn(cache['store'], 'mget').mockImplementationOnce(async (...keys) => {
      const found = await mget(...keys);
      await answered.promise;
      return found;
    });
    const early = read();
    await vi.waitUntil(() => vi.mocked(cache['store'].mget).mock.calls.length > 0);
    now = 'changed';
    await cache.changed('alerts', ['ada']);
    const late = read();
    answered.resolve();
    expect(await Promise.all([early, late])).toEqual([answerOf('as it was'), answerOf('changed')]);
  });

  it('are made anew for another question and for another owner', async () => {
    await read();
    now = 'another';
    expect(await read('ada', '?page=2')).toEqual(answerOf('another'));
    expect(await read('grace')).toEqual(answerOf('another'));
  });

  it('are made anew after a change of theirs, and of theirs only', async () => {
    await Promise.all([read('ada'), read('grace')]);
    now = 'changed';
    await cache.changed('alerts', ['ada', 'ada']);
    expect(await read('ada')).toEqual(answerOf('changed'));
    expect(await read('grace')).toEqual(answerOf('as it was'));
    await cache.changed('others', ['grace']);
    expect(await read('grace')).toEqual(answerOf('as it was'));
  });

  /** A reader whose answer is under way, and says what was true when it began. */
  const slowReader = async () => {
    const [begun, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const was = answerOf(now);
    const reading = read('ada', '?page=1', async () => {
      begun.resolve();
      await slow.promise;
      return was;
    });
    await begun.promise;
    return { reading, finish: slow.resolve };
  };

  it('do not come from a reader that began before the change and finished after it', async () => {
    const { reading, finish } = await slowReader();
    now = 'changed';
    await cache.changed('alerts', ['ada']);
    finish();
    expect(await reading).toEqual(answerOf('as it was'));
    expect(await read()).toEqual(answerOf('changed'));
  });

  it('do not come from such a reader either when another one was faster', async () => {
    const { reading, finish } = await slowReader();
    now = 'changed';
    await cache.changed('alerts', ['ada']);
    await read();
    finish();
    await reading;
    expect(await read()).toEqual(answerOf('changed'));
  });

  it('live for half a second, since nobody tells this process of a firing', async () => {
    await read();
    now = 'fired';
    pass(499);
    expect(await read()).toEqual(answerOf('as it was'));
    pass(2);
    expect(await read()).toEqual(answerOf('fired'));
  });

  it('are not kept when they are very long, or could not be made', async () => {
    now = 'x'.repeat(100_001);
    await read();
    now = 'short';
    expect(await read()).toEqual(answerOf('short'));
    await cache.changed('alerts', ['ada']);
    make.mockRejectedValueOnce(new Error('Postgres is away'));
    await expect(read()).rejects.toThrow('Postgres is away');
    expect(await read()).toEqual(answerOf('short'));
  });

  it('of one owner are a few, however many questions they think of', async () => {
    for (let page = 1; page <= 200; page += 1) await read('ada', `?page=${page}`);
    const ofOwner = (await cache['store'].keys()).filter((key) => key.startsWith('tocsin:lists:alerts:ada:'));
    expect(ofOwner.length).toBeGreaterThan(8);
    expect(ofOwner.length).toBeLessThanOrEqual(16);
  });

  it('take up to 16 million characters, however long they are', async () => {
    now = 'ü'.repeat(100_000);
    for (let person = 1; person <= 400; person += 1) {
      await read(`person ${person}`);
      await read(`person ${person}`);
    }
    const keys = await cache['store'].keys();
    const kept = (await cache['store'].mget(...keys)) as ({ answer?: { body: string } } | undefined)[];
    const characters = kept.reduce((sum, entry) => sum + (entry?.answer?.body.length ?? 0), 0);
    expect(characters).toBeGreaterThan(10_000_000);
    expect(characters).toBeLessThanOrEqual(16_000_000);
  });

  it('of thousands of owners fit, the oldest going first', async () => {
    await read();
    const others = Array.from({ length: 2_000 }, (_, index) => `person ${index}`);
    for (const owner of others) await read(owner);
    now = 'made anew';
    expect(await read()).toEqual(answerOf('made anew'));
  });
});

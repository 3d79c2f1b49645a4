import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Metrics } from '#platform/metrics';
import { accepted, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { Admission } from './admission.ts';
import type { Provider } from './provider.ts';
import { Providers } from './providers.ts';
import type { SharedLimits } from './shared-limits.ts';
import type { Permit } from './waiter.ts';

const dead = { ...refused, code: 'ECONNECTION' };

/** Not one question to Postgres. */
const nobody = {} as SharedLimits;

describe('who may claim next', () => {
  let providers: Providers;
  let admission: Admission;
  let first: Provider;

  const start = (names: readonly string[], atOnce = 10) => {
    const channels = names.map((name) => new FakeChannel(() => accepted, name));
    const metrics = new Metrics('test');
    providers = new Providers(channels, new Map(), atOnce, nobody, metrics);
    admission = new Admission(providers, nobody, metrics);
    const [one] = providers.all;
    if (one) first = one;
  };
  beforeEach(() => {
    vi.useFakeTimers();
    start(['one']);
    answers.length = 0;
  });
  afterEach(() => {
    admission.close();
    vi.useRealTimers();
  });

  /** Those who were let in or sent back, in order. */
  const answers: [name: string, answer: string | number][] = [];
  const permits = new Map<string, Permit>();
  const come = (name: string, what: { bulk?: boolean; tainted?: boolean; provider?: string } = {}) => {
    const asked = { deliveryId: name, bulk: false, tainted: false, provider: null, ...what };
    return admission.admit(asked).then((answer) => {
      if (typeof answer !== 'number') permits.set(name, answer);
      answers.push([name, typeof answer === 'number' ? answer : answer.provider.name]);
    });
  };
  const answered = async (ms = 0) => {
    await vi.advanceTimersByTimeAsync(ms);
    return answers.splice(0);
  };
  const pauseFor = (provider: Provider, pausedMs: number) => provider.learn({ pausedMs, pauses: 1 });
  const breakCircuit = async (provider: Provider) => {
    for (let failure = 0; failure < 5; failure++) await provider.circuit.begin()(dead);
  };

  it('is anybody where nothing limits, without a timer and without a question', async () => {
    for (let count = 0; count < 100; count++) {
      await come('x', { bulk: count % 2 === 0 });
      await permits.get('x')?.tell(accepted);
      permits.get('x')?.end();
    }
    expect(vi.getTimerCount()).toBe(0);
    expect((await answered()).filter(([, provider]) => provider === 'one')).toHaveLength(100);
  });

  it('is nobody while the provider is paused, and then who is urgent before bulk', async () => {
    pauseFor(first, 5_000);
    void come('bulk', { bulk: true });
    void come('alert');
    expect(await answered(4_900)).toEqual([]);
    expect(await answered(200)).toEqual([
      ['alert', 'one'],
      ['bulk', 'one'],
    ]);
  });

  it('goes to the second provider while the first one is paused or does not work', async () => {
    start(['one', 'two']);
    pauseFor(first, 5_000);
    await come('a');
    pauseFor(first, 0);
    await come('b');
    await breakCircuit(first);
    await come('c');
    expect(await answered()).toEqual([
      ['a', 'two'],
      ['b', 'one'],
      ['c', 'two'],
    ]);
  });

  it('stays with the provider that may have it: one that waits for it comes back and blocks nobody', async () => {
    start(['one', 'two']);
    pauseFor(first, 5_000);
    await come('tainted', { tainted: true, provider: 'one' });
    expect(await answered()).toEqual([['tainted', expect.closeTo(5_000, -2)]]);
    pauseFor(first, 0);
    await come('tainted', { tainted: true, provider: 'one' });
    expect(await answered()).toEqual([['tainted', 'one']]);
  });

  it('is one alone after a circuit has rested, and all others once that one was taken', async () => {
    await breakCircuit(first);
    void come('a');
    void come('b');
    void come('c', { bulk: true });
    expect(await answered(4_900)).toEqual([]);
    expect(await answered(200)).toEqual([['a', 'one']]);
    expect(await answered(60_000)).toEqual([]);
    await permits.get('a')?.tell(accepted);
    expect(await answered()).toEqual([
      ['b', 'one'],
      ['c', 'one'],
    ]);
  });

  it('is one alone again when the first one had nothing to hand over', async () => {
    await breakCircuit(first);
    void come('a');
    void come('b');
    await answered(5_000);
    permits.get('a')?.end();
    expect(await answered()).toEqual([['b', 'one']]);
  });

  it('makes room for what is urgent: bulk that waits goes back to the queue when it comes', async () => {
    start(['one'], 3);
    pauseFor(first, 60_000);
    for (const name of ['a', 'b', 'c']) void come(name, { bulk: true });
    expect(await answered(500)).toEqual([]);
    // What came to the queue since then is seen after a second.
    expect(await answered(1_000)).toEqual([['c', 1_000]]);
    void come('alert');
    expect(await answered()).toEqual([['b', 1_000]]);
    void come('another alert');
    expect(await answered()).toEqual([['a', 1_000]]);
    void come('a third one');
    expect(await answered(10_000)).toEqual([]);
  });

  it('sends everybody back when the worker stops', async () => {
    pauseFor(first, 60_000);
    void come('a');
    admission.close();
    void come('b');
    expect(new Map(await answered())).toEqual(
      new Map([
        ['a', 0],
        ['b', 0],
      ]),
    );
  });
});

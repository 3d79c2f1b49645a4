import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { type Demand, SharedLimits } from './shared-limits.ts';

describe('what workers share of a provider', () => {
  let deliveries: Deliveries;
  let limits: SharedLimits;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
    limits = new SharedLimits(deliveries.database);
  });
  beforeEach(async () => {
    await deliveries.database.sql`truncate delivery.providers`;
    await limits.know(['one', 'other']);
  });
  afterAll(() => deliveries.close());

  const now = async () =>
    (
      await deliveries.database.one<{ ms: number }>`
      select extract(epoch from clock_timestamp())::float8 * 1000 as ms`
    ).ms;
  /** Lets that much time pass for the providers. */
  const pass = (seconds: number) => deliveries.database.sql`
    update delivery.providers set refilled_at = refilled_at - ${seconds} * interval '1 second',
      paused_until = paused_until - ${seconds} * interval '1 second'`;
  const take = async (rate: number, demand: Partial<Demand>, returned = 0) => {
    const { urgent, bulk } = await limits.take('one', rate, { urgent: 0, bulk: 0, ...demand }, returned);
    return { urgent, bulk };
  };
  const pausedSeconds = async () => {
    const state = (await limits.states()).find(({ name }) => name === 'one');
    return (state?.pausedMs ?? 0) / 1_000;
  };

  describe('a rate', () => {
    it('is kept by all workers together, to the message', async () => {
      const rate = 300;
      const began = await now();
      let until = began;
      let taken = 0;
      const greedy = async () => {
        while (until - began < 1_500) {
          const { urgent, bulk } = await take(rate, { urgent: 3, bulk: 7 });
          taken += urgent + bulk;
          until = Math.max(until, await now());
        }
      };
      await Promise.all(Array.from({ length: 8 }, greedy));
      const seconds = ((await now()) - began) / 1_000;
      expect(taken).toBeLessThanOrEqual(rate + rate * seconds);
      expect(taken).toBeGreaterThan(rate + rate * 1.2);
    });

    it('lets a second of it go at once, and nothing more of what was left', async () => {
      expect(await take(10, { urgent: 100 })).toEqual({ urgent: 10, bulk: 0 });
      await pass(3_600);
      expect(await take(10, { urgent: 100 })).toEqual({ urgent: 10, bulk: 0 });
    });

    it('may be less than one a second', async () => {
      expect(await take(0.1, { urgent: 5 })).toEqual({ urgent: 2, bulk: 0 });
      await pass(9);
      expect(await take(0.1, { urgent: 5 })).toEqual({ urgent: 0, bulk: 0 });
      const { nextMs } = await limits.take('one', 0.1, { urgent: 1, bulk: 0 }, 0);
      expect(nextMs).toBeGreaterThan(0);
      expect(nextMs).toBeLessThanOrEqual(1_000);
      await pass(1);
      expect(await take(0.1, { urgent: 5 })).toEqual({ urgent: 1, bulk: 0 });
    });

    it('leaves half of the bucket to what is urgent', async () => {
      expect(await take(10, { bulk: 100 })).toEqual({ urgent: 0, bulk: 5 });
      expect(await take(10, { bulk: 100 })).toEqual({ urgent: 0, bulk: 0 });
      expect(await take(10, { urgent: 100, bulk: 100 })).toEqual({ urgent: 5, bulk: 0 });
    });

    it('belongs to what is urgent for as long as there is enough of it, and then to bulk', async () => {
      // Since the last portion, however slow this machine is.
      const tenth = () => deliveries.database.sql`
        update delivery.providers set refilled_at = clock_timestamp() - interval '0.1 seconds'`;
      await take(10, { urgent: 10 });
      for (let count = 0; count < 30; count++) {
        await tenth();
        expect(await take(10, { bulk: 10 })).toEqual({ urgent: 0, bulk: 0 });
        expect((await take(10, { urgent: 10 })).urgent).toBeGreaterThan(0);
      }
      let bulk = 0;
      for (let count = 0; count < 30; count++) {
        await tenth();
        bulk += (await take(10, { bulk: 10 })).bulk;
      }
      expect(bulk).toBeGreaterThanOrEqual(30 - 5);
    });

    it('takes back what was not used', async () => {
      expect(await take(10, { urgent: 10 })).toEqual({ urgent: 10, bulk: 0 });
      expect(await take(10, { urgent: 10 }, 4)).toEqual({ urgent: 4, bulk: 0 });
      await pass(60);
      expect(await take(10, { urgent: 100 }, 4)).toEqual({ urgent: 10, bulk: 0 });
    });

    it('counts what another worker takes meanwhile', async () => {
      const session = await deliveries.session();
      await session.query(`begin; update delivery.providers set tokens = 1, refilled_at = clock_timestamp()`);
      const taking = limits.take('one', 0.01, { urgent: 2, bulk: 0 }, 0);
      await deliveries.waiting(1);
      await session.query('commit');
      expect(await taking).toMatchObject({ urgent: 1 });
    });
  });

  describe('a pause', () => {
    const pause = (id = newId()) => limits.pause('one', id, '421');

    it('is five seconds, and twice as long each time, up to five minutes', async () => {
      for (const longest of [5, 10, 20, 40, 80, 160, 300, 300]) {
        await pause();
        const seconds = await pausedSeconds();
        expect(seconds).toBeLessThanOrEqual(longest);
        expect(seconds).toBeGreaterThan(longest * 0.8 - 1);
        await pass(301);
      }
    });

    it('is of one provider', async () => {
      await pause();
      expect(await limits.states()).toEqual(
        expect.arrayContaining([
          { name: 'one', pausedMs: expect.any(Number), pauses: 1 },
          { name: 'other', pausedMs: 0, pauses: 0 },
        ]),
      );
    });

    it('is made no longer by what else is answered meanwhile, by however many at once', async () => {
      await Promise.all(Array.from({ length: 10 }, () => pause()));
      expect(await pausedSeconds()).toBeLessThanOrEqual(5);
      await pass(6);
      await pause();
      expect(await pausedSeconds()).toBeLessThanOrEqual(10);
    });

    it('is made no longer by a delivery that meets with one after the other', async () => {
      const unwelcome = newId();
      for (let again = 0; again < 10; again++) {
        await pause(unwelcome);
        expect(await pausedSeconds()).toBeLessThanOrEqual(5);
        await pass(6);
      }
    });

    it('is a first one again after an acceptance, which ends none that lasts', async () => {
      await pause();
      await limits.recover('one');
      expect(await pausedSeconds()).toBeGreaterThan(3);
      await pass(6);
      await limits.recover('one');
      await pause();
      expect(await pausedSeconds()).toBeLessThanOrEqual(5);
    });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '#platform/metrics';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, FakeChannel } from '../../../../test/support/fake-channel.ts';
import { Admission } from './admission.ts';
import { Providers } from './providers.ts';
import { SharedLimits } from './shared-limits.ts';
import type { Permit } from './waiter.ts';

describe('who may claim next under a rate', () => {
  let deliveries: Deliveries;
  const workers: Admission[] = [];
  /** Who was let in, in order. */
  const admitted: string[] = [];
  const permits = new Map<string, Permit>();

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  beforeEach(async () => {
    admitted.length = 0;
    await deliveries.database.sql`truncate delivery.providers`;
  });
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.close();
  });
  afterAll(() => deliveries.close());

  const worker = async (rate: number) => {
    const [limits, metrics] = [new SharedLimits(deliveries.database), new Metrics('test')];
    const channels = [new FakeChannel(() => accepted, 'one')];
    const providers = new Providers(channels, new Map([['one', rate]]), 100, limits, metrics);
    await providers.refresh();
    const admission = new Admission(providers, limits, metrics);
    workers.push(admission);
    return (name: string, bulk = false) =>
      void admission.admit({ deliveryId: name, bulk, tainted: false, provider: null }).then((permit) => {
        if (typeof permit === 'number') return;
        permits.set(name, permit);
        admitted.push(name);
      });
  };
  const leave = (tokens: number) => deliveries.database.sql`
    update delivery.providers set tokens = ${tokens}, refilled_at = clock_timestamp()`;

  it('is who is urgent for as long as somebody is, whichever worker it came to', async () => {
    const [one, other] = [await worker(50), await worker(50)];
    await leave(0);
    for (let count = 0; count < 5; count++) one('bulk', true);
    for (let count = 0; count < 30; count++) other('urgent');
    await expect.poll(() => admitted.length, { timeout: 10_000 }).toBe(35);
    expect(admitted.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'urgent'));
  });

  it('takes the place of one that had nothing to hand over, at once', async () => {
    const come = await worker(0.01);
    for (const name of ['a', 'b', 'c']) come(name);
    await expect.poll(() => admitted).toEqual(['a', 'b']);
    permits.get('a')?.end();
    await expect.poll(() => admitted).toEqual(['a', 'b', 'c']);
  });

  it('is who is urgent also when it came while bulk was asked for in vain', async () => {
    const come = await worker(0.01);
    await leave(1);
    const session = await deliveries.session();
    await session.query('begin; update delivery.providers set reason = null');
    come('bulk', true);
    await deliveries.waiting(1);
    come('urgent');
    await session.query('commit');
    await expect.poll(() => admitted).toEqual(['urgent']);
  });
});

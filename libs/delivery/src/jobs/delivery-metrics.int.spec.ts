import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Metrics } from '#platform/metrics';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { accepted, ambiguous, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { OpenDeliveries } from '../features/open-deliveries.ts';

describe('what is counted of deliveries', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  const request = async (count: number) => (await deliveries.request(count)).ids;
  const counted = async (name: string, labels = {}) =>
    totalOf(parseExposition(await deliveries.metrics.text()), `tocsin_delivery_${name}`, labels);
  const attempts = (outcome: string) =>
    counted('attempts_total', { channel: 'email', provider: 'fake', outcome });

  it('is each claim, what the provider did, and how long it and the whole way took', async () => {
    const [first = '', second = '', third = ''] = await request(3);
    const outcomes = [accepted, refused, ambiguous];
    const worker = deliveries.worker(new FakeChannel(() => outcomes.shift() ?? accepted));
    for (const id of [first, second, third]) await worker.process(jobOf(id));
    expect(await worker.process(jobOf(first))).toBe('skipped');
    expect(await counted('claims_total', { outcome: 'claimed' })).toBe(3);
    expect(await counted('claims_total', { outcome: 'skipped' })).toBe(1);
    expect(await Promise.all(['accepted', 'refused', 'ambiguous'].map(attempts))).toEqual([1, 1, 1]);
    expect(await counted('settled_total', { status: 'sent' })).toBe(1);
    expect(await counted('settled_total', { status: 'retrying' })).toBe(1);
    expect(await counted('hand_over_duration_seconds', { provider: 'fake' })).toBe(3);
    expect(await counted('request_to_accepted_seconds', { channel: 'email' })).toBe(1);
  });

  it('is a liveness lock that was lost, and a claim that was not handed over because of it', async () => {
    const [id = '', next = ''] = await request(2);
    const lock = deliveries.lock();
    const cut = [(workerId: number) => deliveries.cutLock(workerId)];
    const worker = deliveries.worker(new FakeChannel(() => accepted), lock, async (workerId) =>
      cut.pop()?.(workerId),
    );
    const before = await counted('fenced_sessions_total');
    await worker.process(jobOf(id));
    await worker.process(jobOf(next));
    expect(await counted('fenced_sessions_total')).toBe(before + 1);
    expect(await attempts('not_handed_over')).toBe(1);
  });

  it('is a claim that was taken from a worker that is gone', async () => {
    const [id = ''] = await request(1);
    await deliveries.lock().hold(async ({ workerId }) => {
      await deliveries.claim(id, 1, workerId);
      await deliveries.cutLock(workerId);
    });
    expect(await deliveries.sweeper.sweep()).toBe(1);
    expect(await counted('swept_claims_total', { status: 'retrying' })).toBe(1);
  });

  it('is what has not ended, how old it is, and whether sending is held', async () => {
    const state = async () => {
      const metrics = new Metrics('api');
      void new OpenDeliveries(metrics, deliveries.database);
      const families = parseExposition(await metrics.text());
      const of = (name: string) =>
        families.get(`tocsin_delivery_${name}`)?.samples.map(({ labels, value }) => {
          const { status = '' } = labels;
          return [status, name.endsWith('age_seconds') ? Math.floor(value / 60) : value];
        });
      return { open: of('open_deliveries'), oldest: of('oldest_open_age_seconds'), held: of('sending_held') };
    };
    await deliveries.database.sql`truncate delivery.deliveries cascade`;
    await request(2);
    await deliveries.database.sql`update delivery.deliveries set created_at = now() - interval '90 seconds'`;
    expect(await state()).toEqual({
      open: expect.arrayContaining([
        ['pending', 2],
        ['retrying', 0],
        ['sending', 0],
      ]),
      oldest: expect.arrayContaining([
        ['pending', 1],
        ['retrying', 0],
        ['sending', 0],
      ]),
      held: [['', 0]],
    });
    await deliveries.database.sql`insert into delivery.hold (reason) values ('a test')`;
    expect((await state()).held).toEqual([['', 1]]);
  });
});

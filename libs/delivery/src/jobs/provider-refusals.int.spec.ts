import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { retriesOf } from '../domain/backoff.ts';

const asksToWait = new FakeChannel(() => ({ ...refused, code: '421', pause: true }));
const away = () => new FakeChannel(() => ({ ...refused, code: 'ECONNECTION' }));

describe('a delivery that its provider would refuse to any', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
    await deliveries.database.sql`insert into delivery.providers (name) values ('fake')`;
  });
  afterAll(() => deliveries.close());

  const requestOne = async () => (await deliveries.request()).ids[0] ?? '';

  it('is tried again after the pause, without an attempt used up', async () => {
    const id = await requestOne();
    expect(await deliveries.worker(asksToWait).process(jobOf(id))).toBe('pending');
    expect(await deliveries.row(id)).toMatchObject({
      status: 'pending',
      tainted: false,
      attempts: 0,
      deferrals: 1,
      due: false,
    });
    const { after } = await deliveries.database.one<{ after: boolean }>`
      select due_at >= paused_until and paused_until > now() as after
      from delivery.deliveries, delivery.providers where id = ${id} and name = 'fake'`;
    expect(after).toBe(true);
  });

  it('ends some day, with the answer as its reason, when it is the reason itself', async () => {
    const id = await requestOne();
    await deliveries.database.sql`
      update delivery.deliveries set deferrals = 19, attempts = ${retriesOf('email').maxAttempts - 1}
      where id = ${id}`;
    expect(await deliveries.worker(away()).process(jobOf(id))).toBe('pending');
    expect(await deliveries.worker(away()).process(jobOf(id, 3))).toBe('failed');
    expect(await deliveries.row(id)).toMatchObject({ deferrals: 20, reason: '451 later' });
  });

  it('was not refused by a provider that was not asked after all', async () => {
    const id = await requestOne();
    const channels = ['one', 'other'].map((name) => new FakeChannel(() => accepted, name));
    const cut = [(workerId: number) => deliveries.cutLock(workerId)];
    const worker = deliveries.worker(channels, deliveries.lock(), async (workerId) => cut.pop()?.(workerId));
    expect(await worker.process(jobOf(id))).toBe('pending');
    expect(await deliveries.row(id)).toMatchObject({ provider: null, attempts: 0, deferrals: null });
  });
});

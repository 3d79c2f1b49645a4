import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { DisconnectHungWorkers } from './disconnect-hung-workers.ts';

describe('disconnecting workers that hang', () => {
  let deliveries: Deliveries;
  let hung: DisconnectHungWorkers;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
    hung = new DisconnectHungWorkers(deliveries.database);
  });
  afterAll(() => deliveries.close());

  it('ends the session of one that holds a claim and has said nothing for so long, so that it is swept', async () => {
    const { ids } = await deliveries.request();
    await deliveries.lock().hold(async (session) => {
      await deliveries.claim(ids[0] ?? '', 1, session.workerId);
      expect(await hung.disconnect()).toBe(0);
      expect(await hung.disconnect(0)).toBe(1);
      await expect.poll(() => session.broken.aborted).toBe(true);
      expect(session.usable).toBe(false);
    });
    await expect.poll(() => deliveries.sweeper.sweep()).toBe(1);
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'retrying', tainted: true });
  });

  it('leaves one alone that holds nothing', async () => {
    const lock = deliveries.lock();
    await lock.hold(async (session) => {
      expect(await hung.disconnect(0)).toBe(0);
      expect(session.usable).toBe(true);
    });
  });
});

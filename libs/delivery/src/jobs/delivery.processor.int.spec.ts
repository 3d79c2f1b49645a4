import { DelayedError } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { accepted, ambiguous, failed, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import type { Outcome } from '../channels/channel.ts';
import { retriesOf } from '../domain/backoff.ts';

const always = (outcome: Outcome) => new FakeChannel(() => outcome);

describe('handing a delivery over', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  const requestOne = async () => {
    const { notificationId, ids } = await deliveries.request();
    return { notificationId, id: ids[0] ?? '' };
  };

  it('sends once, logs the attempt and tells who counts', async () => {
    const { notificationId, id } = await requestOne();
    const channel = new FakeChannel(async () => {
      expect(await deliveries.row(id)).toMatchObject({ status: 'sending', version: 2, claim_token: 1 });
      return accepted;
    });
    expect(await deliveries.worker(channel).process(jobOf(id))).toBe('sent');
    expect(channel.handedOver).toMatchObject([
      { to: 'person0@example.org', subject: 'BTC-USD reached 33000', messageId: `<${id}@mail.example.org>` },
    ]);
    const { items, total } = await deliveries.list(notificationId);
    expect(total).toBe(1);
    expect(items).toMatchObject([
      { id, to: 'person0@example.org', status: 'sent', reason: null, settledAt: expect.any(Date) as Date },
    ]);
    expect(items[0]?.attempts).toMatchObject([
      { number: 1, provider: 'fake', outcome: 'accepted', code: '250', response: '250 ok' },
    ]);
    expect(items[0]?.attempts[0]?.durationMs).toBeGreaterThanOrEqual(0);
    const state = await deliveries.state({ type: 'notification', id: notificationId });
    expect(state).toMatchObject({ counts: { sent: 1 }, inFlight: [], lastSentAt: items[0]?.settledAt });
    expect(await deliveries.published(notificationId)).toEqual({ sent: 1 });
  });

  it('sends once however often and wherever the job runs', async () => {
    const { id } = await requestOne();
    const channel = always(accepted);
    const workers = [deliveries.worker(channel), deliveries.worker(channel)];
    const results = await Promise.all([...workers, ...workers].map((worker) => worker.process(jobOf(id))));
    expect(results.toSorted()).toEqual(['sent', 'skipped', 'skipped', 'skipped']);
    expect(channel.handedOver).toHaveLength(1);
  });

  it('skips a job of an older version', async () => {
    const { id } = await requestOne();
    await deliveries.worker(always(refused)).process(jobOf(id));
    const channel = always(accepted);
    expect(await deliveries.worker(channel).process(jobOf(id, 1))).toBe('skipped');
    expect(channel.handedOver).toEqual([]);
    expect(await deliveries.worker(channel).process(jobOf(id, 3))).toBe('sent');
    expect(channel.handedOver.map(({ messageId }) => messageId)).toEqual([`<${id}@mail.example.org>`]);
  });

  it('takes a job from before payloads were counted', async () => {
    const { id } = await requestOne();
    const { data, ...job } = jobOf(id);
    const { payload: _payload, ...uncounted } = data;
    expect(await deliveries.worker(always(accepted)).process({ ...job, data: uncounted })).toBe('sent');
  });

  it('gives a job of a newer version back to the queue and leaves the row alone', async () => {
    const { id } = await requestOne();
    const channel = always(accepted);
    const ofTomorrow = jobOf(id, 1, 2);
    await expect(deliveries.worker(channel).process(ofTomorrow, 'token')).rejects.toThrow(DelayedError);
    expect(ofTomorrow.moveToDelayed).toHaveBeenCalledExactlyOnceWith(expect.any(Number), 'token');
    expect(await deliveries.row(id)).toMatchObject({ status: 'pending', version: 1 });
    expect(channel.handedOver).toEqual([]);
  });

  it('goes back to pending after a refusal, later, with the answer as its reason', async () => {
    const { notificationId, id } = await requestOne();
    expect(await deliveries.worker(always(refused)).process(jobOf(id))).toBe('pending');
    expect(await deliveries.row(id)).toMatchObject({
      status: 'pending',
      reason: '451 later',
      tainted: false,
      attempts: 1,
      worker_id: null,
    });
    expect(await deliveries.published(notificationId)).toEqual({ pending: 1 });
  });

  it('fails for good when the provider says never', async () => {
    const { id } = await requestOne();
    expect(await deliveries.worker(always(failed)).process(jobOf(id))).toBe('failed');
    expect(await deliveries.row(id)).toMatchObject({ status: 'failed', reason: '550 nobody' });
  });

  it('is tainted when nobody knows, tried again, and never called failed or cancelled after that', async () => {
    const { notificationId, id } = await requestOne();
    expect(await deliveries.worker(always(ambiguous)).process(jobOf(id))).toBe('retrying');
    expect(await deliveries.worker(always(refused)).process(jobOf(id, 3))).toBe('retrying');
    expect(await deliveries.worker(always(failed)).process(jobOf(id, 5))).toBe('unknown');
    expect(await deliveries.row(id)).toMatchObject({ tainted: true, claim_token: 3, attempts: 3 });
    expect(await deliveries.published(notificationId)).toEqual({ unknown: 1 });
  });

  it('gives up after the last try, with a reason', async () => {
    const { id } = await requestOne();
    await deliveries.database.sql`
      update delivery.deliveries set attempts = ${retriesOf('email').maxAttempts - 1} where id = ${id}`;
    expect(await deliveries.worker(always(refused)).process(jobOf(id))).toBe('failed');
    expect(await deliveries.row(id)).toMatchObject({ reason: '451 later' });
  });

  it('hands nothing over when its source was deleted after the claim, and cancels it', async () => {
    const { notificationId, id } = await requestOne();
    const channel = always(accepted);
    const worker = deliveries.worker(channel, deliveries.lock(), () =>
      deliveries.stop({ type: 'notification', id: notificationId }),
    );
    expect(await worker.process(jobOf(id))).toBe('cancelled');
    expect(channel.handedOver).toEqual([]);
    expect(await deliveries.row(id)).toMatchObject({ attempts: 0, reason: 'not-handed-over' });
  });

  it('says sent when the provider accepted it while its source was being deleted', async () => {
    const { notificationId, id } = await requestOne();
    const channel = new FakeChannel(async () => {
      await deliveries.stop({ type: 'notification', id: notificationId });
      return accepted;
    });
    expect(await deliveries.worker(channel).process(jobOf(id))).toBe('sent');
  });

  it('breaks off when the liveness lock is lost, and claims on under a new id', async () => {
    const [{ id }, next] = [await requestOne(), await requestOne()];
    const lock = deliveries.lock();
    const ids: (number | null)[] = [];
    const channel = new FakeChannel(async (lost) => {
      const { worker_id: workerId } = await deliveries.row(ids.length === 0 ? id : next.id);
      ids.push(workerId);
      if (ids.length > 1) return accepted;
      await deliveries.cutLock(workerId ?? 0);
      await expect.poll(() => lost.aborted).toBe(true);
      return ambiguous;
    });
    const worker = deliveries.worker(channel, lock);
    expect(await worker.process(jobOf(id))).toBe('retrying');
    expect(await worker.process(jobOf(next.id))).toBe('sent');
    expect(ids[1]).toBeGreaterThan(ids[0] ?? 0);
  });

  it('hands nothing over when the lock was lost after the claim', async () => {
    const { id } = await requestOne();
    const channel = always(accepted);
    const worker = deliveries.worker(channel, deliveries.lock(), (workerId) => deliveries.cutLock(workerId));
    expect(await worker.process(jobOf(id))).toBe('pending');
    expect(channel.handedOver).toEqual([]);
  });

  it('hands nothing over when a sweeper took the claim away and somebody claimed anew', async () => {
    const { id } = await requestOne();
    const channel = always(accepted);
    const lock = deliveries.lock();
    const worker = deliveries.worker(channel, lock, async (workerId) => {
      await deliveries.cutLock(workerId);
      await deliveries.sweeper.sweep();
      await deliveries.lock().hold((other) => deliveries.claim(id, 3, other.workerId));
    });
    expect(await worker.process(jobOf(id))).toBe('overtaken');
    expect(channel.handedOver).toEqual([]);
  });

  it('hands nothing over that waited for a connection until the provider asked everybody to wait', async () => {
    await deliveries.database
      .sql`insert into delivery.providers (name) values ('fake') on conflict do nothing`;
    const { ids } = await deliveries.request(12);
    const answer = Promise.withResolvers<Outcome>();
    const channel = new FakeChannel(() => answer.promise);
    const worker = deliveries.worker(channel);
    const results = Promise.all(ids.map((id) => worker.process(jobOf(id))));
    await expect.poll(() => channel.handedOver.length).toBe(10);
    answer.resolve({ ...refused, code: '421', pause: true });
    expect(new Set(await results)).toEqual(new Set(['pending']));
    expect(channel.handedOver).toHaveLength(10);
    const waited = await deliveries.database.sql`
      select from delivery.deliveries where id = any(${ids}) and reason = 'not-handed-over' and attempts = 0`;
    expect(waited).toHaveLength(2);
  });

  it('skips a job that is none of ours', async () => {
    const channel = always(accepted);
    expect(await deliveries.worker(channel).process(jobOf('no-delivery'))).toBe('skipped');
    expect(channel.handedOver).toEqual([]);
  });

  it('gives its id up when it cannot tell what became of a claim', async () => {
    const lock = deliveries.lock();
    const workerIds: number[] = [];
    const failing = lock.hold((session) => {
      workerIds.push(session.workerId);
      return Promise.reject(new Error('connection lost during commit'));
    });
    await expect(failing).rejects.toThrow('commit');
    await lock.hold(async (session) => void workerIds.push(session.workerId));
    expect(workerIds[1]).not.toBe(workerIds[0]);
  });

  it.each(['sent', 'failed', 'cancelled', 'suppressed', 'unknown'])('never leaves %s again', async (end) => {
    const { id } = await requestOne();
    await deliveries.database.sql`update delivery.deliveries set status = ${end} where id = ${id}`;
    expect(await deliveries.worker(always(accepted)).process(jobOf(id))).toBe('skipped');
    await expect(
      deliveries.database.sql`update delivery.deliveries set status = 'pending' where id = ${id}`,
    ).rejects.toThrow(`is ${end} for good`);
  });
});

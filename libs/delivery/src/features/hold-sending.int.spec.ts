import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { Outbox } from '#platform/messaging';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { accepted, ambiguous, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { FindHold } from '../contracts/index.ts';
import { HoldSending } from './hold-sending.ts';
import { ReleaseSending } from './release-sending.ts';

describe('holding all sending', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterEach(async () => {
    await deliveries.database.sql`delete from delivery.hold`;
    await deliveries.database.sql`
      update delivery.deliveries set status = 'failed', worker_id = null
      where status in ('pending', 'retrying', 'sending')`;
    await deliveries.database.sql`delete from platform.outbox`;
  });
  afterAll(() => deliveries.close());

  const claim = (id: string, version = 1) => deliveries.claim(id, version, 1_000_000);
  const hold = (reason = 'a test') => deliveries.execute(new HoldSending(reason));
  const release = (waiting: 'send' | 'discard', patienceMs?: number) =>
    deliveries.execute(new ReleaseSending(waiting, patienceMs));
  const request = async (recipients = 1) => {
    const { ids, ...sources } = await deliveries.request(recipients);
    return { ...sources, ids, id: ids[0] ?? '' };
  };
  /** Everything that is owed has become rows, as where a relay runs. */
  const relayed = () => deliveries.database.sql`update platform.outbox set published_at = now()`;

  it('refuses every claim until it is released, and leaves what waits as it is', async () => {
    const { id } = await request();
    const channel = new FakeChannel(() => accepted);
    await hold();
    expect(await deliveries.worker(channel).process(jobOf(id))).toBe('skipped');
    expect(await deliveries.row(id)).toMatchObject({ status: 'pending', version: 1, claim_token: 0 });
    expect(await release('send')).toBe(1);
    expect(await deliveries.worker(channel).process(jobOf(id))).toBe('sent');
    expect(channel.handedOver).toHaveLength(1);
  });

  it('waits for a claim under way, whose hand-over then does not begin', async () => {
    const { id } = await request();
    const session = await deliveries.session();
    await session.query('begin');
    await session.query('lock table delivery.messages in access exclusive mode');
    const channel = new FakeChannel(() => accepted);
    let held: Promise<void> | undefined;
    const worker = deliveries.worker(channel, deliveries.lock(), async () => held);
    const working = worker.process(jobOf(id));
    await deliveries.waiting(1);
    held = hold();
    await deliveries.waiting(2);
    await session.query('commit');
    expect(await working).toBe('pending');
    expect(channel.handedOver).toEqual([]);
    expect(await deliveries.row(id)).toMatchObject({ status: 'pending', tainted: false, attempts: 0 });
  });

  it('is seen by a claim that waited for it', async () => {
    const { id } = await request();
    const session = await deliveries.session();
    await session.query('begin');
    await session.query(`select pg_advisory_xact_lock(hashtext('delivery.hold'))`);
    const claiming = claim(id);
    await deliveries.waiting(1);
    await session.query(`insert into delivery.hold (reason) values ('by hand')`);
    await session.query('commit');
    expect(await claiming).toBeNull();
  });

  it('ends the handing over of many workers at once: nothing begins once it is there', async () => {
    const { ids } = await request(200);
    let isHeld = false;
    let late = 0;
    const channel = new FakeChannel(() => {
      late += isHeld ? 1 : 0;
      return accepted;
    });
    const queue = [...ids];
    const worker = deliveries.worker(channel);
    const working = Array.from({ length: 8 }, async () => {
      for (let id = queue.shift(); id; id = queue.shift()) await worker.process(jobOf(id));
    });
    await expect.poll(() => channel.handedOver.length, { timeout: 20_000 }).toBeGreaterThan(20);
    await hold();
    // What was confirmed before is handed over in the same turn as its answer arrives.
    const { sending } = await deliveries.database.one<{ sending: number }>`
      select count(*) as sending from delivery.deliveries where status = 'sending'`;
    isHeld = true;
    await Promise.all(working);
    expect(queue).toEqual([]);
    expect(late).toBeLessThanOrEqual(sending);
    const sent = channel.handedOver.length;
    expect(sent).toBeLessThan(200);
    const states = await deliveries.database.sql`
      select status, count(*) as count from delivery.deliveries where id = any(${ids}::uuid[])
      group by status order by status`;
    expect(states).toEqual([
      { status: 'pending', count: 200 - sent },
      { status: 'sent', count: sent },
    ]);
  });

  it('begins anew when it is begun again', async () => {
    await hold('the first');
    await request();
    await hold('the second');
    expect(await deliveries.ask(new FindHold())).toMatchObject({
      reason: 'the second',
      waiting: [{ beforeHold: true }],
    });
  });

  it('does not keep a deletion from cancelling', async () => {
    const { notificationId, id } = await request();
    await hold();
    await deliveries.stop({ type: 'notification', id: notificationId });
    expect(await deliveries.row(id)).toMatchObject({ status: 'cancelled', reason: 'source-deleted' });
  });

  it('tells what waits: by what it tells of, by when it was made, by whether it may have been sent', async () => {
    expect(await deliveries.ask(new FindHold())).toBeNull();
    const { ids } = await request(4);
    const { token = 0 } = (await claim(ids[0] ?? '')) ?? {};
    const now = { handedOverAt: new Date(), settledAt: new Date() };
    await deliveries.settle(ids[0] ?? '', token, { ...ambiguous, ...now });
    await deliveries.database.sql`
      update delivery.deliveries set created_at = now() - interval '2 hours' where id = ${ids[1]}`;
    await deliveries.database.sql`
      update delivery.deliveries set created_at = now() - interval '2 days' where id = ${ids[2]}`;
    await hold();
    const written = await request();
    await deliveries.database.sql`
      delete from delivery.delivery_sources where delivery_id = ${written.id} and source_type = 'alert'`;
    expect((await deliveries.ask(new FindHold()))?.waiting).toEqual([
      {
        kind: 'alert',
        beforeHold: true,
        lastHour: 2,
        lastDay: 1,
        older: 1,
        tainted: 1,
        oldest: expect.any(Date),
      },
      {
        kind: 'notification',
        beforeHold: false,
        lastHour: 1,
        lastDay: 0,
        older: 0,
        tainted: 0,
        oldest: expect.any(Date),
      },
    ]);
  });

  it('discards on request: cancelled, or unknown where it may have been sent; counts follow, sources stay', async () => {
    const { notificationId, ids } = await request(3);
    const { token = 0 } = (await claim(ids[0] ?? '')) ?? {};
    const now = { handedOverAt: new Date(), settledAt: new Date() };
    await deliveries.settle(ids[0] ?? '', token, { ...ambiguous, ...now });
    await hold();
    await relayed();
    expect(await release('discard')).toBe(3);
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 2, unknown: 1 });
    expect(await deliveries.row(ids[1] ?? '')).toMatchObject({ status: 'cancelled', reason: 'discarded' });
    const sources = await deliveries.database.sql`
      select from delivery.sources where id = ${notificationId} and deleted_at is null`;
    expect(sources).toHaveLength(1);
    expect(await deliveries.ask(new FindHold())).toBeNull();
    const later = await deliveries.request(1, notificationId);
    expect(await claim(later.ids.find((id) => !ids.includes(id)) ?? '')).not.toBeNull();
  });

  it('discards what a worker held that is gone, and what is refused after the hold began', async () => {
    const { ids } = await request(2);
    const [lost = '', late = ''] = ids;
    await deliveries.lock().hold(async (session) => {
      await deliveries.claim(lost, 1, session.workerId);
      await deliveries.cutLock(session.workerId);
    });
    const begun = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const channel = new FakeChannel(async () => {
      begun.resolve();
      await answer.promise;
      return refused;
    });
    const working = deliveries.worker(channel).process(jobOf(late));
    await begun.promise;
    await hold();
    await relayed();
    const releasing = release('discard');
    await expect.poll(async () => (await deliveries.row(lost)).status).toBe('unknown');
    answer.resolve();
    await Promise.all([working, relayed()]);
    expect(await releasing).toBe(2);
    expect(await deliveries.row(late)).toMatchObject({ status: 'cancelled' });
  });

  it('is not released by discarding while an event may still become a message', async () => {
    await request();
    await hold();
    await expect(release('discard', 0)).rejects.toThrow(/1 events are still to be worked through/);
    expect(await deliveries.ask(new FindHold())).not.toBeNull();
  });

  it('discards also what comes of an event that comes of one', async () => {
    const event = (type: string, occurredAt: Date) => deliveries.database.sql`
      insert into platform.outbox (id, type, payload, occurred_at) values (${newId()}, ${type}, '{}', ${occurredAt})`;
    const owed = vi.spyOn(Outbox.prototype, 'owed');
    await hold();
    await event('test.fired.v1', new Date());
    const releasing = release('discard');
    await expect.poll(() => owed.mock.calls.length).toBeGreaterThan(0);
    await event('test.requested.v1', new Date());
    await deliveries.database.sql`
      update platform.outbox set published_at = now() where type = 'test.fired.v1'`;
    const asked = owed.mock.calls.length;
    await expect.poll(() => owed.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(asked + 2);
    const { id } = await request();
    await relayed();
    expect(await releasing).toBe(1);
    expect(await deliveries.row(id)).toMatchObject({ status: 'cancelled', reason: 'discarded' });
    owed.mockRestore();
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { AddressConfirmed, UserDeleted } from '#libs/identity/contracts';
import { DeliveriesRequested } from '#libs/notifications/contracts';
import { InTransactionPublisher, Outbox, Relay } from '#platform/messaging';
import { Sealer } from '#platform/secrets';
import { accountMail } from '../../../../test/support/account-mail.ts';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, ambiguous, failed, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { tablesWith } from '../../../../test/support/find-in-database.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import type { Outcome } from '../channels/channel.ts';

describe('The deliveries of a deleted account', () => {
  let deliveries: Deliveries;
  let userId: string;
  let email: string;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());
  beforeEach(async () => {
    userId = newId();
    email = `${newId()}@example.org`;
    await deliveries.database.sql`delete from platform.outbox`;
  });

  type Events = Parameters<Outbox['append']>[0];
  const relay = () => deliveries.app.get(Relay).drain();
  const record = async (...events: Events) => {
    await deliveries.database.transaction(() => deliveries.app.get(Outbox).append(events));
    await relay();
  };
  /** Asks for a mail to this address on behalf of an account; returns the id of its delivery. */
  const request = async (accountId = userId, to = email) => {
    const notificationId = newId();
    const mail = { subject: `To ${to}`, text: `Hello ${to}`, html: `<p>Hello ${to}</p>` };
    const recipients = [{ channel: 'email' as const, to }];
    const delivery = { notificationId, alertIds: [], accountId, ...mail, recipients };
    await record(new DeliveriesRequested({ deliveries: [delivery] }));
    const { items } = await deliveries.list(notificationId);
    return { notificationId, id: items[0]?.id ?? '' };
  };
  const requestAccountMail = async (of: string | null) => {
    const { event, id } = accountMail(deliveries.app.get(Sealer), of, email);
    await record(event);
    return id;
  };
  const hand = (id: string, outcome: Outcome) =>
    deliveries.worker(new FakeChannel(() => outcome)).process(jobOf(id));
  const deleteAccount = () =>
    deliveries.database.transaction(() =>
      deliveries.app.get(InTransactionPublisher).publish(new UserDeleted({ userId, email })),
    );
  const relayDelayed = async () => {
    await deliveries.database.sql`update platform.outbox set due_at = now() where published_at is null`;
    await relay();
  };
  const traces = async () => ({
    ofAddress: (await tablesWith(deliveries.database, email)).filter((table) => table !== 'platform.outbox'),
    ofAccount: (await tablesWith(deliveries.database, userId)).filter((table) => table !== 'platform.outbox'),
  });
  const deleteUntil = async () => {
    const [done, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const deletion = deliveries.database.transaction(async () => {
      await deleteAccount();
      done.resolve();
      await commit.promise;
    });
    await Promise.race([done.promise, deletion]);
    return () => {
      commit.resolve();
      return deletion;
    };
  };
  const erased = { ofAddress: [], ofAccount: ['delivery.sources'] };

  it('are seen deleted by the outcome of a mail that became theirs in the deletion only', async () => {
    const id = await requestAccountMail(null);
    const claim = await deliveries.lock().hold(({ workerId }) => deliveries.claim(id, 1, workerId));
    const commit = await deleteUntil();
    const now = { handedOverAt: new Date(), settledAt: new Date() };
    const settling = deliveries.settle(id, claim?.token ?? 0, { ...refused, ...now });
    await deliveries.waiting(1);
    await commit();
    expect(await settling).toBe('cancelled');
  });

  it('stop in the deleting transaction, also the mails about it; those of others go on', async () => {
    const [pending, retrying, other] = [
      await request(),
      await request(),
      await request(newId(), 'bob@example.org'),
    ];
    const [mail, earlier] = [await requestAccountMail(userId), await requestAccountMail(null)];
    await hand(retrying.id, ambiguous);
    await deleteAccount();
    for (const id of [pending.id, mail, earlier]) {
      expect(await deliveries.row(id)).toMatchObject({ status: 'cancelled', reason: 'source-deleted' });
    }
    expect(await deliveries.row(retrying.id)).toMatchObject({ status: 'unknown' });
    expect(await deliveries.published(pending.notificationId)).toEqual({ cancelled: 1 });
    expect(await hand(other.id, accepted)).toBe('sent');
  });

  it('are erased soon after but for states and times', async () => {
    const [sent, refused, pending] = [await request(), await request(), await request()];
    const [mail, earlier] = [await requestAccountMail(userId), await requestAccountMail(null)];
    for (const id of [sent.id, mail, earlier]) await hand(id, accepted);
    await hand(refused.id, { ...failed, response: `550 <${email}> is nobody` });
    const before = await deliveries.list(refused.notificationId);
    expect((await traces()).ofAddress).toEqual([
      'delivery.attempts',
      'delivery.deliveries',
      'delivery.messages',
    ]);
    await deleteAccount();
    await relay();
    expect(await traces()).toEqual(erased);
    for (const [{ id }, status] of [
      [sent, 'sent'],
      [refused, 'failed'],
      [pending, 'cancelled'],
    ] as const) {
      expect(await deliveries.row(id)).toMatchObject({ status, recipient: '', reason: null });
    }
    const { items } = await deliveries.list(refused.notificationId);
    expect(items[0]?.settledAt).toEqual(before.items[0]?.settledAt);
    expect(items[0]?.attempts).toEqual([{ ...before.items[0]?.attempts[0], response: null }]);
  });

  it('are erased after the last hand-over has ended, whose outcome is still written', async () => {
    const { id } = await request();
    const channel = new FakeChannel(async () => {
      await deleteAccount();
      await relay();
      expect(await deliveries.row(id)).toMatchObject({ status: 'sending', recipient: email });
      expect(await relay()).toBe(0);
      return { ...accepted, response: `250 <${email}> has it` };
    });
    expect(await deliveries.worker(channel).process(jobOf(id))).toBe('sent');
    await relayDelayed();
    expect(await deliveries.row(id)).toMatchObject({ status: 'sent', recipient: '' });
    expect(await traces()).toEqual(erased);
  });

  it('are erased also where they went to an address that the account had before', async () => {
    const [first, old] = [await requestAccountMail(null), email];
    await hand(first, accepted);
    await record(new AddressConfirmed({ userId, email }));
    email = `${newId()}@example.org`;
    await record(new AddressConfirmed({ userId, email }));
    await deleteAccount();
    await relay();
    expect(await deliveries.row(first)).toMatchObject({ status: 'sent', recipient: '' });
    expect(await tablesWith(deliveries.database, old)).toEqual(['platform.outbox']);
  });

  it('are erased a thousand at a time', async () => {
    const recipients = Array.from({ length: 1_000 }, (_, index) => ({
      channel: 'email' as const,
      to: `${index}${email}`,
    }));
    const delivery = {
      alertIds: [],
      accountId: userId,
      subject: email,
      text: email,
      html: email,
      recipients,
    };
    for (let events = 0; events < 3; events += 1) {
      await record(new DeliveriesRequested({ deliveries: [{ notificationId: newId(), ...delivery }] }));
    }
    await deleteAccount();
    for (let taken = 1; taken > 0;) taken = await relay();
    expect(await traces()).toEqual(erased);
    const { batches } = await deliveries.database.one<{ batches: number }>`
      select count(*) as batches from platform.outbox where type = 'delivery.deliveries-erasure-due.v1'`;
    expect(batches).toBe(3);
  });

  it('are made without a trace of the address when they are requested late, and counted', async () => {
    await deleteAccount();
    await relay();
    const { notificationId, id } = await request();
    expect(await deliveries.row(id)).toMatchObject({ status: 'cancelled', recipient: '' });
    expect(await deliveries.published(notificationId)).toEqual({ cancelled: 1 });
    expect(await traces()).toEqual(erased);
  });

  it('stay when the deletion is rolled back', async () => {
    const { id } = await request();
    const rolledBack = deliveries.database.transaction(async () => {
      await deliveries.app.get(InTransactionPublisher).publish(new UserDeleted({ userId, email }));
      throw new Error('not after all');
    });
    await expect(rolledBack).rejects.toThrow('not after all');
    await relay();
    expect(await hand(id, accepted)).toBe('sent');
  });

  describe('leave their address suppressed', () => {
    const someone = newId();

    it('in whatever case it is written: what others send there is not sent, and counted', async () => {
      await deleteAccount();
      for (const to of [email, email.toUpperCase()]) {
        const { id, notificationId } = await request(someone, to);
        expect(await deliveries.row(id)).toMatchObject({
          status: 'suppressed',
          reason: 'address-suppressed',
        });
        expect(await deliveries.published(notificationId)).toEqual({ suppressed: 1 });
        expect(await hand(id, accepted)).toBe('skipped');
      }
      const { id } = await request(someone, 'bob@example.org');
      expect(await hand(id, accepted)).toBe('sent');
    });

    it('and mails about an account reach it, for somebody may register there again', async () => {
      await deleteAccount();
      expect(await hand(await requestAccountMail(null), accepted)).toBe('sent');
    });

    it('until another account has it', async () => {
      await deleteAccount();
      await record(new AddressConfirmed({ userId: newId(), email }));
      expect(await hand((await request(someone)).id, accepted)).toBe('sent');
    });

    it('also when its confirmation by the very account is relayed after the deletion', async () => {
      await deleteAccount();
      await record(new AddressConfirmed({ userId, email }));
      expect(await hand((await request(someone)).id, accepted)).toBe('skipped');
    });

    it('again, when that other account is deleted too', async () => {
      await deleteAccount();
      const first = userId;
      userId = newId();
      await record(new AddressConfirmed({ userId, email }));
      await deleteAccount();
      await record(new AddressConfirmed({ userId: first, email }));
      expect(await hand((await request(someone)).id, accepted)).toBe('skipped');
    });

    it('as a hash that does not tell whose it is', async () => {
      await deleteAccount();
      expect(await tablesWith(deliveries.database, email)).toEqual([]);
      const rows = await deliveries.database.sql<{ address_hash: Buffer }>`
        select address_hash from delivery.suppressions`;
      expect(rows.length).toBeGreaterThan(0);
      for (const { address_hash: hash } of rows) expect(hash).toHaveLength(32);
    });
  });
});

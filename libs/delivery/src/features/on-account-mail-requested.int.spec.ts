import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { Outbox, Relay } from '#platform/messaging';
import { Sealer } from '#platform/secrets';
import { accountMail } from '../../../../test/support/account-mail.ts';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, ambiguous, failed, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { tablesWith } from '../../../../test/support/find-in-database.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import type { Outcome } from '../channels/channel.ts';
import { FindHold } from '../contracts/index.ts';
import { retriesOf } from '../domain/backoff.ts';
import { HoldSending } from './hold-sending.ts';
import { ReleaseSending } from './release-sending.ts';

describe('A mail about an account', () => {
  let deliveries: Deliveries;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());

  const relay = () => deliveries.app.get(Relay).drain();
  const requestMail = async (userId: string | null = null) => {
    const { event, ...mail } = accountMail(deliveries.app.get(Sealer), userId);
    await deliveries.database.transaction(() => deliveries.app.get(Outbox).append([event]));
    return mail;
  };
  const tablesWithTextOf = (mail: { token: string }) => tablesWith(deliveries.database, mail.token);

  /** Such a mail, and what happens to its delivery. */
  async function request(userId: string | null = newId()) {
    const mail = await requestMail(userId);
    await relay();
    let version = 1;
    const hand = async (outcome: Outcome) => {
      const channel = new FakeChannel(() => outcome);
      const status = await deliveries.worker(channel).process(jobOf(mail.id, version));
      version += 2;
      return { status, said: channel.handedOver[0] };
    };
    const stop = () => deliveries.stop({ type: 'account', id: userId ?? '' });
    const lose = async () => {
      const workerId = await deliveries.lock().hold(async (session) => {
        await deliveries.claim(mail.id, version, session.workerId);
        return session.workerId;
      });
      await deliveries.cutLock(workerId);
      await deliveries.sweeper.sweep();
    };
    const tryLast = () => deliveries.database.sql`
      update delivery.deliveries set attempts = ${retriesOf('email').maxAttempts - 1} where id = ${mail.id}`;
    return { ...mail, hand, stop, lose, tryLast };
  }
  type Requested = Awaited<ReturnType<typeof request>>;

  it('is sealed in the outbox, and handed over as it was said', async () => {
    const mail = await requestMail();
    expect(await tablesWithTextOf(mail)).toEqual([]);
    await relay();
    const channel = new FakeChannel(() => accepted);
    expect(await deliveries.worker(channel).process(jobOf(mail.id))).toBe('sent');
    const link = `https://tocsin.test/verify#${mail.token}`;
    expect(channel.handedOver).toMatchObject([
      {
        to: 'person@example.org',
        subject: 'Confirm your address',
        text: link,
        html: `<a href="${link}">Confirm</a>`,
        messageId: `<${mail.id}@mail.example.org>`,
      },
    ]);
  });

  it('keeps its text as long as it may be handed over once more', async () => {
    const mail = await request();
    expect((await mail.hand(refused)).status).toBe('pending');
    expect((await mail.hand(ambiguous)).status).toBe('retrying');
    expect(await tablesWithTextOf(mail)).toEqual(['delivery.messages']);
    const { status, said } = await mail.hand(accepted);
    expect([status, said?.text]).toEqual(['sent', `https://tocsin.test/verify#${mail.token}`]);
  });

  it.each<[end: string, how: string, (mail: Requested) => Promise<unknown>]>([
    ['sent', 'accepted', ({ hand }) => hand(accepted)],
    [
      'sent',
      'accepted late',
      async ({ id, lose }) => {
        await lose();
        const now = { handedOverAt: new Date(), settledAt: new Date() };
        await deliveries.settle(id, 1, { ...accepted, ...now });
      },
    ],
    ['failed', 'refused for good', ({ hand }) => hand(failed)],
    [
      'failed',
      'refused too often',
      async ({ tryLast, hand }) => {
        await tryLast();
        await hand(refused);
      },
    ],
    ['cancelled', 'its account is deleted', ({ stop }) => stop()],
    [
      'unknown',
      'its account is deleted after an ambiguous try',
      async ({ hand, stop }) => {
        await hand(ambiguous);
        await stop();
      },
    ],
    [
      'unknown',
      'refused for good after an ambiguous try',
      async ({ hand }) => {
        await hand(ambiguous);
        await hand(failed);
      },
    ],
    [
      'unknown',
      'its last worker is lost',
      async ({ tryLast, lose }) => {
        await tryLast();
        await lose();
      },
    ],
    [
      'cancelled',
      'found by the finaliser',
      async ({ id }) => {
        await deliveries.database.sql`
        update delivery.sources set deleted_at = now()
        where id = (select source_id from delivery.delivery_sources where delivery_id = ${id})`;
        await deliveries.finalise();
      },
    ],
    [
      'cancelled',
      'discarded by an operator',
      async () => {
        await deliveries.execute(new HoldSending('a test'));
        await deliveries.execute(new ReleaseSending('discard'));
      },
    ],
    [
      'suppressed',
      'by whatever statement',
      ({ id }) => deliveries.database.sql`
      update delivery.deliveries set status = 'suppressed', settled_at = now() where id = ${id}`,
    ],
  ])('leaves nothing of its text in the database once %s: %s', async (end, _, happen) => {
    const mail = await request();
    expect(await tablesWithTextOf(mail)).toEqual(['delivery.messages']);
    await happen(mail);
    expect(await deliveries.row(mail.id)).toMatchObject({ status: end });
    expect(await tablesWithTextOf(mail)).toEqual([]);
  });

  it('takes no other text with it, be it of another such mail or of a notification', async () => {
    const [mail, other] = [await request(), await request()];
    await mail.hand(accepted);
    expect(await tablesWithTextOf(other)).toEqual(['delivery.messages']);
    const { ids } = await deliveries.request();
    await deliveries.worker(new FakeChannel(() => accepted)).process(jobOf(ids[0] ?? ''));
    expect(await tablesWith(deliveries.database, 'It crossed.')).toEqual(['delivery.messages']);
  });

  it('is not made once its account is deleted, also when that is under way', async () => {
    const userId = newId();
    await request(userId);
    const session = await deliveries.session();
    await session.query('begin');
    await session.query('update delivery.sources set deleted_at = now() where id = $1', [userId]);
    const late = await requestMail(userId);
    const relaying = relay();
    await deliveries.waiting(1);
    await session.query('commit');
    await relaying;
    expect(await deliveries.database.sql`select id from delivery.deliveries where id = ${late.id}`).toEqual(
      [],
    );
  });

  it('is counted for no notification, whatever becomes of it', async () => {
    await deliveries.database.sql`delete from platform.outbox`;
    const [one, other, lost] = [await request(), await request(), await request(null)];
    await one.hand(ambiguous);
    await one.stop();
    await other.hand(accepted);
    await lost.lose();
    const types = await deliveries.database.sql`select distinct type from platform.outbox`;
    expect(types).toEqual([{ type: 'identity.account-mail-requested.v1' }]);
  });

  it('is told of apart while sending is held', async () => {
    await request();
    await deliveries.execute(new HoldSending('a test'));
    const { waiting = [] } = (await deliveries.ask(new FindHold())) ?? {};
    expect(waiting.map(({ kind }) => kind)).toContain('account');
    await deliveries.execute(new ReleaseSending('send'));
  });
});

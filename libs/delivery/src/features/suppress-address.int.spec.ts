import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { AddressConfirmed } from '#libs/identity/contracts';
import { DeliveriesRequested } from '#libs/notifications/contracts';
import { Sealer } from '#platform/secrets';
import { accountMail } from '../../../../test/support/account-mail.ts';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { accepted, ambiguous, FakeChannel, refused } from '../../../../test/support/fake-channel.ts';
import { jobOf } from '../../../../test/support/job-of.ts';
import { shareHold } from './hold-lock.ts';
import { LiftSuppression } from './lift-suppression.ts';
import { OnAccountMailRequested } from './on-account-mail-requested.ts';
import { OnAddressConfirmed } from './on-address-confirmed.ts';
import { OnDeliveriesRequested } from './on-deliveries-requested.ts';
import { SuppressAddress } from './suppress-address.ts';

describe('suppressing an address', () => {
  const outsideOfTransactions = AsyncLocalStorage.snapshot();
  let deliveries: Deliveries;
  let address: string;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());
  beforeEach(() => {
    address = `${newId()}@Example.org`;
  });

  const suppress = (of = address) => deliveries.execute(new SuppressAddress(of, null));
  const react = (event: DeliveriesRequested) =>
    deliveries.database.transaction(() =>
      deliveries.app.get(OnDeliveriesRequested, { strict: false }).react(event),
    );
  async function requested(...to: string[]) {
    const notificationId = newId();
    const recipients = to.map((one) => ({ channel: 'email' as const, to: one }));
    const mail = { subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' };
    await react(
      new DeliveriesRequested({ deliveries: [{ notificationId, alertIds: [], ...mail, recipients }] }),
    );
    const { items } = await deliveries.list(notificationId);
    return { notificationId, ids: to.map((one) => items.find((item) => item.to === one)?.id ?? '') };
  }
  const hand = (id: string, outcome = accepted, version = 1) =>
    deliveries.worker(new FakeChannel(() => outcome)).process(jobOf(id, version));
  const suppressed = { status: 'suppressed', reason: 'address-suppressed' };

  it('ends what waits for it, in whatever case it is written, and nothing else', async () => {
    const { notificationId, ids } = await requested(address, `x${address}`);
    const { ids: others } = await requested(address.toLowerCase());
    await suppress(address.toUpperCase());
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject(suppressed);
    expect(await deliveries.row(others[0] ?? '')).toMatchObject(suppressed);
    expect(await deliveries.row(ids[1] ?? '')).toMatchObject({ status: 'pending', reason: null });
    expect(await deliveries.published(notificationId)).toEqual({ suppressed: 1, pending: 1 });
    expect(await hand(ids[0] ?? '')).toBe('skipped');
  });

  it('makes unknown what may have arrived, and leaves alone what has ended', async () => {
    const { notificationId, ids } = await requested(address, address.toLowerCase());
    const [tainted = '', sent = ''] = ids;
    await hand(tainted, ambiguous);
    await hand(sent);
    await suppress();
    expect(await deliveries.row(tainted)).toMatchObject({ status: 'unknown', tainted: true });
    expect(await deliveries.row(sent)).toMatchObject({ status: 'sent' });
    expect(await deliveries.published(notificationId)).toEqual({ unknown: 1, sent: 1 });
  });

  it('lets mails about an account pass, for somebody must be able to confirm it', async () => {
    const { event, id } = accountMail(deliveries.app.get(Sealer), null, address);
    await deliveries.database.transaction(() =>
      deliveries.app.get(OnAccountMailRequested, { strict: false }).react(event),
    );
    await suppress();
    expect(await hand(id)).toBe('sent');
  });

  it('is not undone by its owner, who confirms it', async () => {
    const { id } = await suppress();
    const confirmed = new AddressConfirmed({ userId: newId(), email: address.toLowerCase() });
    await deliveries.database.transaction(() =>
      deliveries.app.get(OnAddressConfirmed, { strict: false }).react(confirmed),
    );
    const { ids } = await requested(address);
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject(suppressed);
    await deliveries.execute(new LiftSuppression(id));
    const { ids: later } = await requested(address);
    expect(await hand(later[0] ?? '')).toBe('sent');
  });

  it('waits for claims under way, and leaves what they took', async () => {
    const { ids } = await requested(address, address.toLowerCase());
    const [claimed = '', waiting = ''] = ids;
    const { suppressing } = await deliveries.database.transaction(async () => {
      await shareHold(deliveries.database);
      const answer = outsideOfTransactions(() => suppress());
      await outsideOfTransactions(() => deliveries.waiting(1));
      await deliveries.database.sql`
        update delivery.deliveries set status = 'sending', worker_id = 1, version = 2, claim_token = 1
        where id = ${claimed}`;
      return { suppressing: answer };
    });
    await suppressing;
    expect(await deliveries.row(claimed)).toMatchObject({ status: 'sending' });
    expect(await deliveries.row(waiting)).toMatchObject(suppressed);
  });

  it('is waited for by claims, which then find nothing to take', async () => {
    const { ids } = await requested(address);
    const { claiming } = await deliveries.database.transaction(async () => {
      await suppress();
      const answer = outsideOfTransactions(() => hand(ids[0] ?? ''));
      await outsideOfTransactions(() => deliveries.waiting(1));
      return { claiming: answer };
    });
    expect(await claiming).toBe('skipped');
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ ...suppressed, claim_token: 0 });
  });

  it('is found by a claim of what came back from its provider meanwhile', async () => {
    const { notificationId, ids } = await requested(address, `x${address}`);
    const [back = '', other = ''] = ids;
    const channel = new FakeChannel(async () => {
      await suppress();
      return refused;
    });
    expect(await deliveries.worker(channel).process(jobOf(back))).toBe('pending');
    expect(await hand(back, accepted, 3)).toBe('skipped');
    expect(await deliveries.row(back)).toMatchObject(suppressed);
    expect(await deliveries.row(other)).toMatchObject({ status: 'pending' });
    expect(await deliveries.published(notificationId)).toEqual({ suppressed: 1, pending: 1 });
  });

  it('is found by a claim of what was requested at the same moment', async () => {
    const { ids } = await deliveries.database.transaction(async () => {
      const made = await requested(address);
      await outsideOfTransactions(() => suppress());
      return made;
    });
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject({ status: 'pending' });
    expect(await hand(ids[0] ?? '')).toBe('skipped');
    expect(await deliveries.row(ids[0] ?? '')).toMatchObject(suppressed);
  });
});

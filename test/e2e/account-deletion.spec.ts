import { AsyncLocalStorage } from 'node:async_hooks';
import { CommandBus } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DomainEvent, newId } from '#kernel';
import { AlertsTriggered, type FiredAlert } from '#libs/alerts/contracts';
import { AddressConfirmed } from '#libs/identity/contracts';
import { Outbox, Relay } from '#platform/messaging';
import { Sealer } from '#platform/secrets';
import { CreateAlert } from '../../libs/alerts/src/features/create-alert.ts';
import { EndSuppressed } from '../../libs/delivery/src/features/end-suppressed.ts';
import { ClaimDeliveries } from '../../libs/delivery/src/features/claim-deliveries.ts';
import { SettleAttempts } from '../../libs/delivery/src/features/settle-attempts.ts';
import { DeleteAccount } from '../../libs/identity/src/features/delete-account.ts';
import { OnAlertsTriggered } from '../../libs/notifications/src/features/on-alerts-triggered.ts';
import { accountMail } from '../support/account-mail.ts';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { accepted, refused } from '../support/fake-channel.ts';
import { rowsWith, tablesWith } from '../support/find-in-database.ts';
import { someClient } from '../support/principal.ts';

/** Where something of a deleted account may still be found, and why (decision 0019). */
const kept: Readonly<Record<string, string>> = {
  'delivery.sources': 'The bare id: what is requested late must not be sent.',
  'identity.audit': 'The bare id, with who did what to the account, and from where.',
  'platform.idempotency_keys': 'Answers to requests with a key, for a day.',
  'platform.outbox': 'Events, for a week.',
};

let api: Api;
let bob: Caller;
const outsideOfTransactions = AsyncLocalStorage.snapshot();

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  await api.lastPrice('BTC-USD', '33000.50');
  // The first one at an installation is its administrator.
  await api.person();
  bob = await api.person();
});
afterAll(() => api.close());

const record = (...events: DomainEvent[]) =>
  api.database.transaction(() => api.app.get(Outbox).append(events));
/** What workers do, until there is nothing left to do: also what is to be done later. */
async function relayAll(): Promise<void> {
  for (let taken = 1; taken > 0;) {
    await api.database.sql`update platform.outbox set due_at = now() where published_at is null`;
    taken = await api.app.get(Relay).drain();
  }
}
const remove = ({ id }: Caller) => api.app.get(CommandBus).execute(new DeleteAccount(id, someClient));

const post = async (as: Caller, url: string, body?: object, headers: Record<string, string> = {}) =>
  String((await api.call({ method: 'POST', url, as, body, headers })).body['id']);
const setAlert = (as: Caller) =>
  post(as, '/v1/alerts', { symbol: 'BTC-USD', target: '40000', note: `of ${as.email}` });
const draft = (as: Caller, key: string = newId()) => {
  const body = { subject: 'To myself', message: as.email, recipients: [{ channel: 'email', to: as.email }] };
  return post(as, '/v1/notifications', body, { 'idempotency-key': key });
};
const send = async (as: Caller) => {
  const id = await draft(as);
  await post(as, `/v1/notifications/${id}/send`);
  await relayAll();
  return id;
};
const firing = (of: Caller, alertId: string): FiredAlert => ({
  alertId,
  userId: of.id,
  symbol: 'BTC-USD',
  target: '40000',
  direction: 'up',
  price: '40000',
  tradeId: 2,
  tradedAt: '2026-11-21T10:15:30.123Z',
  note: `of ${of.email}`,
});
const claims = () =>
  new ClaimDeliveries(api.database, api.app.get(Outbox), api.app.get(EndSuppressed, { strict: false }));
const claim = async (deliveryId: string, version = 1) => {
  const [claimed = null] = await claims().claim([
    { deliveryId, version, workerId: 1_000_000, provider: 'fake' },
  ]);
  return claimed;
};
/** Claims what waits of a notification, and hands it over with this outcome. */
async function handOver(notificationId: string, outcome: typeof accepted): Promise<void> {
  const { id } = await api.database.one<{ id: string }>`
    select id from delivery.deliveries where notification_id = ${notificationId}`;
  const { token = 0 } = (await claim(id)) ?? {};
  const now = { handedOverAt: new Date(), settledAt: new Date() };
  const attempted = { ...outcome, ...now };
  await new SettleAttempts(api.database, api.app.get(Outbox)).settle([{ deliveryId: id, token, attempted }]);
}

/** Somebody of whom there is something everywhere. */
async function busy(person: Caller): Promise<Caller> {
  for (const status of ['active', 'paused', 'triggered', 'expired', 'deleted']) {
    const id = await setAlert(person);
    await api.database.sql`update alerts.alerts set status = ${status} where id = ${id}`;
  }
  await draft(person);
  const [sent, failed] = [await send(person), await send(person)];
  await handOver(sent, { ...accepted, response: `250 <${person.email}> ok` });
  await handOver(failed, { ...refused, kind: 'failed', response: `550 <${person.email}> is nobody` });
  await handOver(await send(person), { ...refused, kind: 'ambiguous', response: `421 <${person.email}>` });
  await send(person);
  await record(accountMail(api.app.get(Sealer), person.id, person.email).event);
  await record(accountMail(api.app.get(Sealer), null, person.email).event);
  await record(new AlertsTriggered({ alerts: [firing(person, await setAlert(person))] }));
  await relayAll();
  return person;
}
const open = (of: Caller) =>
  api.database.sql<{ id: string; version: number }>`
    select id, version from delivery.deliveries
    where recipient = ${of.email} and status in ('pending', 'retrying', 'sending')`;

describe('Deleting an account', () => {
  let ada: Caller;
  let ofBob: unknown;
  let wereOpen: readonly { id: string; version: number }[];

  beforeAll(async () => {
    ada = await busy(await api.person('user', 'ada@example.org'));
    await busy(bob);
    ofBob = [await rowsWith(api.database, bob.id), await rowsWith(api.database, bob.email)];
    wereOpen = await open(ada);
    await remove(ada);
  });

  it('has nothing sent any more of what was owed', async () => {
    // One that was never tried, one with an unknown outcome, two about the account, one of an alert.
    expect(wereOpen).toHaveLength(5);
    expect(await open(ada)).toEqual([]);
    for (const { id, version } of wereOpen) {
      expect(await claim(id, version)).toBeNull();
    }
  });

  it('ends the session, and what comes with it', async () => {
    expect(await api.call({ url: '/v1/alerts', as: ada })).toMatchObject({ status: 401 });
  });

  it('leaves no trace of it in any table, but where that is written down', async () => {
    const full = await tablesWith(api.database, ada.id);
    expect(full).toEqual(expect.arrayContaining(['alerts.alerts', 'notifications.notifications']));
    await relayAll();
    const left = new Set([
      ...(await tablesWith(api.database, ada.id)),
      ...(await tablesWith(api.database, ada.email)),
    ]);
    expect([...left].toSorted()).toEqual(Object.keys(kept).toSorted());
    const withAddress = new Set(await tablesWith(api.database, ada.email));
    expect([...withAddress].toSorted()).toEqual(['platform.idempotency_keys', 'platform.outbox']);
  });

  it("touches nobody else's", async () => {
    expect([await rowsWith(api.database, bob.id), await rowsWith(api.database, bob.email)]).toEqual(ofBob);
    expect(await open(bob)).toHaveLength(5);
  });

  it('lets the address register again, which then gets mail again', async () => {
    const again = await api.person('user', ada.email);
    expect(again.id).not.toBe(ada.id);
    await record(new AddressConfirmed({ userId: again.id, email: again.email }));
    await relayAll();
    const id = await send(again);
    await handOver(id, accepted);
    const { body } = await api.call({ url: `/v1/notifications/${id}/deliveries`, as: again });
    expect(body['items']).toMatchObject([{ to: ada.email, status: 'sent' }]);
  });
});

describe('Deleting an account at the same moment', () => {
  /** Deletes it while this is under way in another transaction. */
  async function during(person: Caller, work: () => Promise<unknown>): Promise<void> {
    let removing: Promise<void> | undefined;
    await api.database.transaction(async () => {
      await work();
      removing = outsideOfTransactions(() => remove(person));
      await expect.poll(() => outsideOfTransactions(waitingForLocks), { timeout: 10_000 }).toBeGreaterThan(0);
    });
    await removing;
    await relayAll();
  }
  const rowsOf = ({ id }: Caller) => api.database.sql<{ status: string }>`
    select status from notifications.notifications where owner_id = ${id}
    union all select status from alerts.alerts where user_id = ${id}`;

  it('as its firing is told of leaves no notification, and nothing to send', async () => {
    const person = await api.person();
    const alerts = [firing(person, await setAlert(person))];
    await during(person, () => api.app.get(OnAlertsTriggered).react(new AlertsTriggered({ alerts })));
    expect(await rowsOf(person)).toEqual([]);
    expect(await open(person)).toEqual([]);
    expect(await tablesWith(api.database, person.email)).toEqual(['platform.outbox']);
  });

  it('as it makes something leaves nothing of that', async () => {
    const person = await api.person();
    await during(person, async () => {
      await setAlert(person);
      await draft(person);
    });
    expect(await rowsOf(person)).toEqual([]);
  });

  it('as a request of it was let in leaves that request without an account', async () => {
    const person = await api.person();
    await remove(person);
    const late = new CreateAlert(
      person.id,
      'BTC-USD',
      { operator: 'crossing', value: '40000' },
      null,
      '/target',
    );
    const refusal = { kind: 'unauthenticated', code: 'identity.session-ended' };
    await expect(api.app.get(CommandBus).execute(late)).rejects.toMatchObject(refusal);
    await relayAll();
    expect(await rowsOf(person)).toEqual([]);
  });

  async function waitingForLocks(): Promise<number> {
    const { waiting } = await api.database.one<{ waiting: number }>`
      select count(*) as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return waiting;
  }
});

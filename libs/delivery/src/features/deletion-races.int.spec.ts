import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { fragment } from '#platform/persistence';
import { Deliveries } from '../../../../test/support/deliveries.ts';
import { refused } from '../../../../test/support/fake-channel.ts';
import { openTransaction } from '../../../../test/support/open-transaction.ts';
import { lockSource, underDeletedSource } from './lock-sources.ts';

/**
 * A deletion and somebody who writes, each stalled before its commit while the other goes on; and the same with the
 * ways to do it that look right and are not, which have to lose.
 */
describe('a deletion beside', () => {
  let deliveries: Deliveries;
  let notificationId: string;
  let id: string;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());
  beforeEach(async () => {
    await deliveries.database.sql`truncate delivery.sources, delivery.messages cascade`;
    const made = await deliveries.request();
    ({ notificationId } = made);
    [id = ''] = made.ids;
  });

  type Step = () => Promise<unknown>;
  const source = () => ({ type: 'notification', id: notificationId }) as const;
  const nobody = 1_000_000;
  const attempted = { ...refused, handedOverAt: new Date(), settledAt: new Date() };
  const claimed = async () => (await deliveries.claim(id, 1, nobody))?.token ?? 0;

  /** What each of them does, as it is and as it would lose. */
  const fanOut: Step = () => deliveries.request(1, notificationId);
  const fanOutUnlocked: Step = async () => {
    const made = newId();
    await deliveries.database.sql`
      insert into delivery.deliveries
        (id, message_id, notification_id, channel, recipient, message_id_header, status)
      select ${made}, message_id, notification_id, channel, recipient, message_id_header,
        case when ${underDeletedSource} then 'cancelled' else 'pending' end
      from delivery.deliveries as delivery where id = ${id}`;
    await deliveries.database.sql`
      insert into delivery.delivery_sources (source_type, source_id, delivery_id)
      values ('notification', ${notificationId}, ${made})`;
  };
  const claim: Step = () => deliveries.claim(id, 1, nobody);
  const claimUnlocked: Step = () => deliveries.database.sql`
    update delivery.deliveries as delivery set
      status = 'sending', version = version + 1, claim_token = claim_token + 1, worker_id = ${nobody}
    where id = ${id} and version = 1 and status in ('pending', 'retrying') and not ${underDeletedSource}`;
  const settle: Step = () => deliveries.settle(id, 1, attempted);
  const settleUnlocked: Step = () => deliveries.database.sql`
    update delivery.deliveries as delivery set
      status = case when ${underDeletedSource} then 'cancelled' else 'pending' end,
      version = version + 1, worker_id = null
    where id = ${id} and claim_token = 1 and status = 'sending'`;
  const sweep: Step = () => deliveries.sweeper.sweep();
  const sweepUnlocked: Step = () => deliveries.database.sql`
    update delivery.deliveries as delivery set
      status = case when ${underDeletedSource} then 'unknown' else 'retrying' end,
      tainted = true, version = version + 1, worker_id = null
    where id = ${id} and status = 'sending'`;

  const deletion: Step = () => deliveries.stop(source());
  const marked = () => fragment`
    insert into delivery.sources as known (type, id, deleted_at) values ('notification', ${notificationId}, now())
    on conflict (type, id) do update set deleted_at = excluded.deleted_at`;
  /** As one of a large campaign may be, whose rows are ended later. */
  const deletionOfTheSource: Step = async () => {
    await lockSource(deliveries.database, source());
    await deliveries.database.sql`${marked()}`;
  };
  const deletionAtOnce: Step = () => deliveries.database.sql`
    with locked as materialized (
      select pg_advisory_xact_lock(hashtextextended('notification ' || ${notificationId}::uuid, 0))),
    deleted as (${marked()} returning id)
    update delivery.deliveries as delivery set
      status = case when tainted then 'unknown' else 'cancelled' end, version = version + 1
    from locked, deleted, delivery.delivery_sources as link
    where link.source_id = deleted.id and link.delivery_id = delivery.id
      and delivery.status in ('pending', 'retrying')`;
  /** What a deletion would answer. */
  const answering = (delete_: Step) => async () => {
    await delete_();
    return (await deliveries.state(source())).inFlight.length > 0 ? 'being handed over' : 'over';
  };

  const open = <T>(work: () => Promise<T>) => openTransaction(deliveries.database, work);

  /** Does both, the second while the first is open, and says what is wrong in the end. */
  async function faultOf(write: Step, delete_: Step, first: 'deletion' | 'other'): Promise<string | null> {
    const [writing, deleting] = first === 'other' ? [open(write), null] : [null, open(answering(delete_))];
    await (writing ?? deleting)?.done;
    const other = writing ? open(answering(delete_)) : open(write);
    await vi.waitUntil(async () => other.isDone() || (await waiting()) > 0, { timeout: 10_000 });
    await (writing ?? deleting)?.commit();
    await other.done;
    await other.commit();
    const answer = await (writing ? other : deleting)?.done;
    const left = await deliveries.database.sql<{ status: string }>`
      select status from delivery.deliveries as delivery
      where status in ('pending', 'sending', 'retrying') and ${underDeletedSource}`;
    const isSending = left.some(({ status }) => status === 'sending');
    if (answer === 'over' && isSending) return 'claimed after the answer';
    return left.length > 0 && !isSending ? 'left unfinished' : null;
  }

  const waiting = async () => {
    const { count } = await deliveries.database.one<{ count: number }>`
      select count(*) as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return count;
  };

  const nothing: Step = () => Promise.resolve();
  const [afterIt, beforeIt] = ['other', 'deletion'] as const;
  const bothWays = <Race extends readonly unknown[]>(race: Race) =>
    [
      [afterIt, ...race],
      [beforeIt, ...race],
    ] as const;

  it.each(
    [
      ['a fan-out', nothing, fanOut] as const,
      ['a claim', nothing, claim] as const,
      ['an outcome', claimed, settle] as const,
      ['a sweep', claimed, sweep] as const,
    ].flatMap(bothWays),
  )('first the %s: %s knows of it, or is known to it', async (first, _what, prepare, write) => {
    await prepare();
    expect(await faultOf(write, deletion, first)).toBeNull();
  });

  it.each([afterIt, beforeIt])(
    'first the %s: a claim needs no more than the mark of the source',
    async (first) => {
      expect(await faultOf(claim, deletionOfTheSource, first)).not.toBe('claimed after the answer');
    },
  );

  it.each(
    [
      ['a fan-out', nothing, fanOutUnlocked, deletion, 'left unfinished'] as const,
      ['a claim', nothing, claimUnlocked, deletionOfTheSource, 'claimed after the answer'] as const,
      ['an outcome', claimed, settleUnlocked, deletion, 'left unfinished'] as const,
      ['a sweep', claimed, sweepUnlocked, deletion, 'left unfinished'] as const,
    ].flatMap(bothWays),
  )(
    'first the %s: %s loses that looks for a deletion without a lock',
    async (first, _what, prepare, write, delete_, fault) => {
      await prepare();
      expect(await faultOf(write, delete_, first)).toBe(fault);
    },
  );

  it.each([
    ['a fan-out', nothing, fanOut] as const,
    ['an outcome', claimed, settle] as const,
    ['a sweep', claimed, sweep] as const,
  ])('%s loses to one that is a single statement', async (_what, prepare, write) => {
    await prepare();
    expect(await faultOf(write, deletionAtOnce, afterIt)).toBe('left unfinished');
  });

  it.each([
    ['claims once it has waited for its row, and is known of', claim, 'being handed over'] as const,
    ['loses where it looked, without a lock, before it waited', claimUnlocked, 'over'] as const,
  ])('a claim %s', async (_what, claiming, answer) => {
    const holder = open(
      () => deliveries.database.sql`select id from delivery.deliveries where id = ${id} for update`,
    );
    await holder.done;
    const late = open(claiming);
    await vi.waitUntil(async () => (await waiting()) === 1);
    const deleting = open(answering(deletionOfTheSource));
    const answered = deleting.done.then(() => deleting.commit());
    await vi.waitUntil(async () => deleting.isDone() || (await waiting()) === 2);
    for (const one of [holder, late]) {
      await one.done;
      await one.commit();
    }
    await answered;
    expect(await deleting.done).toBe(answer);
    expect(await deliveries.row(id)).toMatchObject({ status: 'sending' });
  });

  describe('a foreign key', () => {
    const foreignKey = fragment`delivery_sources_of_a_source`;
    beforeAll(
      () => deliveries.database.sql`
      alter table delivery.delivery_sources add constraint ${foreignKey}
        foreign key (source_type, source_id) references delivery.sources`,
    );
    afterAll(
      () => deliveries.database.sql`alter table delivery.delivery_sources drop constraint ${foreignKey}`,
    );

    it.each([afterIt, beforeIt])('first the %s: is no lock', async (first) => {
      expect(await faultOf(fanOutUnlocked, deletion, first)).toBe('left unfinished');
    });
  });
});

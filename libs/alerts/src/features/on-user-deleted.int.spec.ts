import { beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { UserDeleted } from '#libs/identity/contracts';
import { InTransactionPublisher, Relay } from '#platform/messaging';
import { Engines, type ScriptedMarket } from '../../../../test/support/engines.ts';
import { tablesWith } from '../../../../test/support/find-in-database.ts';
import { AlertEngine } from '../engine/alert-engine.ts';
import { CommitDecisions } from '../engine/commit-decisions.ts';
import { alertStatuses } from '../domain/alert.ts';

describe('The alerts of a deleted account', () => {
  const engines = new Engines();
  const { alertAt, stateOf, firingsIn, watched } = engines;
  let market: ScriptedMarket;
  let userId: string;

  beforeEach(() => {
    ({ market } = engines);
    userId = newId();
  });

  const theirs = async (...anchored: Parameters<typeof alertAt>) => {
    const id = await alertAt(...anchored);
    await engines.database.sql`update alerts.alerts set user_id = ${userId} where id = ${id}`;
    return id;
  };
  const deleteAccount = () =>
    engines.database.transaction(() =>
      engines.running[0]!.get(InTransactionPublisher).publish(
        new UserDeleted({ userId, email: 'person@example.org' }),
      ),
    );
  /** Until there is nothing more to relay; returns how many events that were. */
  const relayAll = async () => {
    await engines.database.sql`update platform.outbox set due_at = now() where published_at is null`;
    let taken = 0;
    for (let now = 1; now > 0; taken += now) now = await engines.running[0]!.get(Relay).drain();
    return taken;
  };
  /** What the erasure does in the end, without an engine having heard of anything. */
  const vanish = (id: string) => engines.database.sql`delete from alerts.alerts where id = ${id}`;
  const rowsOf = (owner: string) =>
    engines.database.sql`select id from alerts.alerts where user_id = ${owner}`;

  it('are deleted at once, whatever they were, and nobody is told of each', async () => {
    const others = await alertAt('100');
    for (const status of alertStatuses) {
      const id = await theirs('100');
      await engines.database.sql`update alerts.alerts set status = ${status} where id = ${id}`;
    }
    await deleteAccount();
    const rows = await engines.database.sql`
      select status, deleted_at is not null as dated, version from alerts.alerts
      where user_id = ${userId} order by version`;
    const deleted = { status: 'deleted', dated: true, version: 2 };
    // The first was deleted before, which is none of this deletion's business.
    expect(rows).toEqual([{ ...deleted, dated: false, version: 1 }, deleted, deleted, deleted, deleted]);
    expect(await stateOf(others)).toMatchObject({ status: 'active', version: 1 });
    const events = await engines.database.sql`select type from platform.outbox`;
    expect(events).toEqual([{ type: 'alerts.alerts-erasure-due.v1' }]);
  });

  it('fire no more, also when that was decided before and is not committed yet', async () => {
    const id = await theirs('100');
    await watched(id);
    const decisions = engines.running[0]!.get(CommitDecisions);
    const commit = decisions.commit.bind(decisions);
    vi.spyOn(decisions, 'commit').mockImplementationOnce(async (decided) => {
      await deleteAccount();
      return commit(decided);
    });
    await market.says('98', '101', '99', '101');
    expect(await firingsIn()).toEqual([]);
    expect(await stateOf(id)).toMatchObject({ status: 'deleted' });
  });

  it('are not compared any more by engines that have read of it', async () => {
    const id = await theirs('100');
    await watched(id);
    await deleteAccount();
    await watched(id);
    const commit = vi.spyOn(engines.running[0]!.get(CommitDecisions), 'commit');
    await market.says('98', '101');
    expect(commit).not.toHaveBeenCalled();
  });

  it('stay until engines can have read of it, then go with their history, a thousand at a time', async () => {
    const others = await alertAt('100');
    await engines.database.sql`
      insert into alerts.alerts (id, user_id, symbol, operator, target, status, created_at)
      select gen_random_uuid(), ${userId}, 'BTC-USD', 'crossing', 100, 'active', now() from generate_series(1, 2500)`;
    await engines.database.sql`
      insert into alerts.history (alert_id, type, at, actor)
      select id, type, now(), 'user' from alerts.alerts, unnest(array['created', 'edited']) as type`;
    await deleteAccount();
    expect(await engines.running[0]!.get(Relay).drain()).toBe(0);
    expect(await rowsOf(userId)).toHaveLength(2_500);
    expect(await relayAll()).toBe(3);
    expect(await rowsOf(userId)).toEqual([]);
    expect(await stateOf(others)).toMatchObject({ status: 'active' });
    expect(await engines.database.sql`select type from alerts.history`).toHaveLength(2);
    expect(await tablesWith(engines.database, userId)).toEqual(['platform.outbox']);
  });

  it('cost an engine nothing that has not read of it: its compare-and-set finds no row', async () => {
    const [id, next] = [await theirs('100'), await alertAt('102')];
    await watched(next);
    await vanish(id);
    await market.says('98', '101', '103');
    expect(await firingsIn()).toEqual([{ id: next, trade: 3 }]);
    await market.says('98', '101');
    expect(await firingsIn()).toHaveLength(1);
  });

  it('need no row to take a reference or to catch up with', async () => {
    // A trade that the engine has to ask for.
    market.tick('101');
    const [waiting, next] = [await theirs('100', null), await alertAt('102', 'up', 1)];
    await watched(next);
    await vanish(waiting);
    await market.says('98', '101');
    const behind = await theirs('100');
    const history = vi.spyOn(market, 'history');
    await watched(behind);
    await vanish(behind);
    await engines.running[0]!.get(AlertEngine)['catchUp']();
    expect(history).toHaveBeenCalled();
    await market.says('96', '103');
    expect(await firingsIn()).toEqual([{ id: next, trade: 5 }]);
  });
});

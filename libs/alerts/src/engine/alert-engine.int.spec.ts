import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Engines, ScriptedMarket } from '../../../../test/support/engines.ts';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { OwnerCache } from '#platform/cache';
import { Relay } from '#platform/messaging';
import { Metrics } from '#platform/metrics';
import { AlertEngine } from './alert-engine.ts';
import { CommitDecisions } from './commit-decisions.ts';

describe('the alert engine', () => {
  const engines = new Engines();
  const { running, start, alertAt, stateOf, firingsIn, watched } = engines;
  let market: ScriptedMarket;

  beforeEach(() => {
    ({ market } = engines);
  });

  it('tells the owners, once it is committed, that their lists have changed', async () => {
    const ids = [await alertAt('100'), await alertAt('200'), await alertAt('150', null)];
    for (const id of ids) await watched(id);
    const told = new Map<string, string>();
    vi.spyOn(running[0]?.get(OwnerCache) as OwnerCache, 'changed').mockImplementation(
      async (list, owners) => {
        for (const owner of owners) {
          const [alert] = await engines.database.sql<{
            id: string;
            status: string;
            direction: string | null;
          }>`
          select id, status, direction from alerts.alerts where user_id = ${owner}`;
          if (alert) told.set(alert.id, `${list}: ${alert.status} ${alert.direction}`);
        }
      },
    );
    await market.says('90', '101');
    const [fired = '', , anchored = ''] = ids;
    await expect
      .poll(() => told)
      .toEqual(
        new Map([
          [anchored, 'alerts: active up'],
          [fired, 'alerts: triggered up'],
        ]),
      );
  });

  it('has the owner told by the relay too, should it die before it could', async () => {
    const id = await alertAt('100');
    await watched(id);
    const told = vi.spyOn(running[0]?.get(OwnerCache) as OwnerCache, 'changed').mockResolvedValue();
    await market.says('90', '101');
    await expect.poll(() => told.mock.calls.length).toBe(1);
    told.mockClear();
    await running[0]?.get(Relay).drain();
    expect(told.mock.calls).toEqual([['alerts', [engines.owners.get(id)]]]);
  });

  it('fires once, at the trade that reaches the target, with its receipt and its event', async () => {
    const id = await alertAt('100');
    await watched(id);
    await market.says('98', '99.5', '100.5', '120');
    expect(await stateOf(id)).toEqual({ status: 'triggered', price: '100.5', trade: 3, version: 2 });
    expect(await firingsIn()).toEqual([{ id, trade: 3 }]);
    const history = await engines.database
      .sql`select type, actor, receipt from alerts.history where alert_id = ${id}`;
    expect(history).toMatchObject([
      {
        type: 'triggered',
        actor: 'engine',
        receipt: {
          previous: { tradeId: 2, price: '99.5', source: 'binance' },
          crossing: { tradeId: 3, price: '100.5', source: 'binance' },
          condition: { operator: 'crossing', value: '100' },
          alertVersion: 1,
          origin: 'live',
        },
      },
    ]);
  });

  it('fires an alert that arrived late at the trade it missed', async () => {
    await market.says('98', '101', '99');
    const id = await alertAt('100', 'up', 1);
    await watched(id);
    await expect.poll(() => firingsIn()).toEqual([{ id, trade: 2 }]);
  });

  it('anchors an alert without a reference at the first price that differs from its target', async () => {
    const id = await alertAt('100', null);
    await watched(id);
    await market.says('100', '105', '99');
    const [row] = await engines.database.sql`
      select direction, reference_trade_id as trade, reference_price::text as price, status
      from alerts.alerts where id = ${id}`;
    expect(row).toEqual({ direction: 'down', trade: 2, price: '105', status: 'triggered' });
    expect(await firingsIn()).toEqual([{ id, trade: 3 }]);
  });

  it('compares an alert again that was edited while its firing was on the way', async () => {
    const id = await alertAt('100');
    await watched(id);
    await engines.database
      .sql`update alerts.alerts set note = 'edited', version = version + 1 where id = ${id}`;
    await market.says('99', '100');
    expect(await stateOf(id)).toMatchObject({ status: 'triggered', trade: 2, version: 3 });
  });

  it('does not fire an alert that was deleted while its firing was on the way', async () => {
    const id = await alertAt('100');
    await watched(id);
    await engines.database
      .sql`update alerts.alerts set status = 'deleted', version = version + 1 where id = ${id}`;
    await market.says('99', '100');
    expect(await stateOf(id)).toMatchObject({ status: 'deleted', price: null });
    expect(await firingsIn()).toEqual([]);
  });

  it('counts ticks and firings, those too that it lost, and how long they took', async () => {
    const edited = await alertAt('100');
    for (const id of [
      edited,
      await alertAt('101'),
      await alertAt('900'),
      await alertAt('7', null, 0, 'ETH-USD'),
    ])
      await watched(id);
    const decisions = running[0]!.get(CommitDecisions);
    const commit = decisions.commit.bind(decisions);
    vi.spyOn(decisions, 'commit').mockImplementationOnce(async (of) => {
      await engines.database.sql`update alerts.alerts set version = version + 1 where id = ${edited}`;
      return commit(of);
    });
    await market.says('99', '101');
    const families = parseExposition(await running[0]!.get(Metrics).text());
    const of = (name: string, labels = {}) => totalOf(families, `tocsin_evaluation_${name}`, labels);
    expect({
      ticks: of('ticks_total'),
      fired: of('firings_total', { origin: 'live' }),
      lost: of('lost_firings_total'),
      commits: of('commit_duration_seconds'),
      delays: of('tick_to_commit_seconds', { origin: 'live' }),
      watched: of('alerts', { state: 'watched' }),
      unanchored: of('alerts', { state: 'unanchored' }),
      behind: of('alerts', { state: 'behind' }),
    }).toEqual({
      ticks: 2,
      fired: 2,
      lost: 1,
      commits: 2,
      delays: 2,
      watched: 1,
      unanchored: 1,
      behind: 0,
    });
  });

  it('fires once when two engines see the same ticks', async () => {
    const twin = new ScriptedMarket();
    await start(twin);
    const ids = await Promise.all(['100', '101', '102'].map((target) => alertAt(target)));
    for (const id of ids) await watched(id);
    await Promise.all([market.says('99', '110'), twin.says('99', '110')]);
    const firings = await firingsIn();
    expect(firings.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('goes on at the cursor after a restart, without a gap and without a repetition', async () => {
    const early = await alertAt('100');
    const late = await alertAt('110');
    await watched(late);
    await market.says('99', '100', '99');
    const unseen = [market.tick('111'), market.tick('100')];
    await running.splice(0)[0]?.close();
    await start(market);
    const cursor = await engines.database.one<{ tick: number }>`select tick_id as tick from alerts.cursors`;
    expect(cursor.tick).toBe(3);
    await market.repeats(unseen);
    expect(await firingsIn()).toEqual([
      { id: early, trade: 2 },
      { id: late, trade: 4 },
    ]);
  });

  it('after a restart compares an alert it had not taken in with what was said since its reference', async () => {
    await alertAt('1000');
    await market.says('98', '101', '99');
    await running.splice(0)[0]?.close();
    await start(new ScriptedMarket());
    const id = await alertAt('100', 'up', 1);
    await running.splice(0)[0]?.close();
    await start(market);
    await expect.poll(() => firingsIn()).toEqual([{ id, trade: 2 }]);
  });

  it('does not write a cursor past a firing that could not be committed before the end', async () => {
    const id = await alertAt('100');
    await watched(id);
    const ticks = [market.tick('99'), market.tick('100')];
    const app = running.splice(0)[0]!;
    const commit = vi
      .spyOn(app.get(CommitDecisions), 'commit')
      .mockRejectedValue(new Error('Postgres is away'));
    const underWay = market.repeats(ticks).catch((error: Error) => error.message);
    await vi.waitFor(() => expect(commit).toHaveBeenCalled());
    app.get(AlertEngine).onModuleDestroy();
    expect(await underWay).toBe('Postgres is away');
    commit.mockRestore();
    // The feed, which stops a moment later, offers them again.
    await market.repeats(ticks).catch(() => undefined);
    await app.close();
    await start(market);
    const cursors = await engines.database.sql<{ tick: number }>`select tick_id as tick from alerts.cursors`;
    await market.repeats(ticks.filter((tick) => tick.id > (cursors[0]?.tick ?? 0)));
    expect(await firingsIn()).toEqual([{ id, trade: 2 }]);
  });

  it('compares an alert with what was said since its reference when there is no cursor yet', async () => {
    const id = await alertAt('100', 'up', 1);
    await watched(id);
    market.tick('98');
    const missed = market.tick('101');
    await market.says('99');
    await expect.poll(() => firingsIn()).toEqual([{ id, trade: missed.id }]);
  });

  it('compares an alert again that was edited while it was catching up', async () => {
    const missed = [market.tick('98'), market.tick('101')];
    await market.says('99');
    const history = market.history.bind(market);
    vi.spyOn(market, 'history').mockImplementationOnce(async (...span) => {
      await engines.database.sql`update alerts.alerts set note = 'edited', version = version + 1`;
      return history(...span);
    });
    const id = await alertAt('100', 'up', 1);
    await watched(id);
    await expect.poll(() => firingsIn()).toEqual([{ id, trade: missed[1]?.id }]);
    expect(await stateOf(id)).toMatchObject({ status: 'triggered', version: 3 });
  });

  it('catches up with one symbol while the history of another does not answer', async () => {
    const unanswered = market.tick('50');
    const missed = market.tick('101');
    await market.says('99');
    await market.repeats([{ ...unanswered, symbol: 'ETH-USD', id: 9 }]);
    const history = market.history.bind(market);
    vi.spyOn(market, 'history').mockImplementation((symbol, from, through) =>
      symbol === 'ETH-USD' ? Promise.reject(new Error('Invalid symbol.')) : history(symbol, from, through),
    );
    await watched(await alertAt('100', 'up', 1, 'ETH-USD'));
    const id = await alertAt('100', 'up', 1);
    await watched(id);
    await expect.poll(() => firingsIn()).toEqual([{ id, trade: missed.id }]);
  });
});

import { CommandBus } from '@nestjs/cqrs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Engines, type ScriptedMarket } from '../../../../test/support/engines.ts';
import type { AlertChanges } from '../domain/alert.ts';
import { EditAlert } from '../features/edit-alert.ts';
import { AlertEngine } from './alert-engine.ts';
import { CommitDecisions } from './commit-decisions.ts';
import { readAlerts } from './read-alerts.ts';

describe('the alert engine and a person who edits', () => {
  const engines = new Engines();
  const { alertAt, stateOf, firingsIn, watched } = engines;
  let market: ScriptedMarket;

  beforeEach(() => {
    ({ market } = engines);
  });

  const edit = (id: string, changes: AlertChanges) => {
    const command = new EditAlert(id, engines.owners.get(id) ?? '', null, changes, '/target');
    return engines.running[0]!.get(CommandBus).execute(command);
  };
  const pause = (id: string) => edit(id, { status: 'paused' });
  const resume = (id: string) => edit(id, { status: 'active' });
  const aimAt = (id: string, value: string) => edit(id, { condition: { operator: 'crossing', value } });

  /** Does this once the engine has decided something, and before that is committed. */
  function beforeTheNextCommit(act: () => Promise<unknown>): void {
    const decisions = engines.running[0]!.get(CommitDecisions);
    const commit = decisions.commit.bind(decisions);
    vi.spyOn(decisions, 'commit').mockImplementationOnce(async (decided) => {
      await act();
      return commit(decided);
    });
  }

  /** A restart, with what was traded meanwhile. */
  async function restart(...meanwhile: string[]): Promise<void> {
    await engines.stop();
    const missed = meanwhile.map((price) => market.tick(price));
    await engines.start(market);
    await market.repeats(missed);
  }

  async function facts(id: string) {
    return engines.database.one<object>`
      select fired->>'note' as note, fired->>'target' as target, fired->>'direction' as direction,
        receipt->'alertVersion' as version, receipt->'condition'->>'value' as condition
      from platform.outbox, jsonb_array_elements(payload->'alerts') as fired
      join alerts.history on alert_id = (fired->>'alertId')::uuid and type = 'triggered'
      where fired->>'alertId' = ${id}`;
  }

  describe('another note', () => {
    it('costs no crossing that happens at the same moment, and is the one that is told', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      beforeTheNextCommit(() => edit(id, { note: 'sell!' }));
      await market.says('101', '99');
      expect(await firingsIn()).toEqual([{ id, trade: 2 }]);
      expect(await facts(id)).toMatchObject({ note: 'sell!', version: 2 });
      expect(await stateOf(id)).toMatchObject({ status: 'triggered', version: 3 });
    });

    it('costs no crossing of an alert that gets its reference at the same moment', async () => {
      const id = await alertAt('100', null);
      await watched(id);
      beforeTheNextCommit(() => edit(id, { note: 'sell!' }));
      await market.says('99', '101');
      expect(await firingsIn()).toEqual([{ id, trade: 2 }]);
      expect(await facts(id)).toMatchObject({ note: 'sell!', direction: 'up' });
    });

    it('does not have the alert compared again from its reference, neither now nor after a restart', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98', '99', '98');
      await engines.running[0]!.get(AlertEngine)['checkpoint']();
      const history = vi.spyOn(market, 'history');
      await edit(id, { note: 'sell!' });
      expect(await stateOf(id)).toMatchObject({ trade: 3, version: 2 });
      await watched(id);
      await restart('99', '101');
      expect(history).not.toHaveBeenCalled();
      await expect.poll(() => firingsIn()).toEqual([{ id, trade: 5 }]);
    });

    it('leaves an alert behind the cursor that no engine has taken in yet', async () => {
      await watched(await alertAt('1000'));
      await market.says('98', '101', '99');
      await engines.running[0]!.get(AlertEngine)['checkpoint']();
      const id = await alertAt('100', 'up', 1);
      await edit(id, { note: 'sell!' });
      await watched(id);
      await expect.poll(() => firingsIn()).toEqual([{ id, trade: 2 }]);
    });
  });

  describe('a pause', () => {
    it('keeps the alert from firing, from the moment it is answered', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      await pause(id);
      await market.says('101', '99');
      await watched(id);
      await market.says('101');
      await restart('99', '101');
      expect(await firingsIn()).toEqual([]);
      expect(await stateOf(id)).toMatchObject({ status: 'paused', price: null });
    });

    it('wins over a crossing that is not committed yet', async () => {
      const id = await alertAt('100');
      await watched(id);
      beforeTheNextCommit(() => pause(id));
      await market.says('98', '101');
      expect(await stateOf(id)).toMatchObject({ status: 'paused', price: null });
    });

    it('wins over a reference that is not committed yet', async () => {
      const id = await alertAt('100', null);
      await watched(id);
      beforeTheNextCommit(() => pause(id));
      await market.says('98');
      const [alert] = await engines.database.sql`
        select status, direction, reference_price from alerts.alerts where id = ${id}`;
      expect(alert).toEqual({ status: 'paused', direction: null, reference_price: null });
    });

    it('ends at the last price: only what is reached after it counts', async () => {
      const id = await alertAt('100');
      await watched(id);
      await pause(id);
      await market.says('98', '101', '99');
      await resume(id);
      await watched(id);
      expect(await firingsIn()).toEqual([]);
      await market.says('99.5', '100');
      expect(await firingsIn()).toEqual([{ id, trade: 5 }]);
    });

    it('that the engine has not noticed ends at the last price as well', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      beforeTheNextCommit(async () => {
        await pause(id);
        await resume(id);
      });
      // The alert goes on at the newest of these, from the other side of its level.
      await market.says('101', '102');
      await watched(id);
      expect(await firingsIn()).toEqual([]);
      await market.says('100');
      expect(await firingsIn()).toEqual([{ id, trade: 4 }]);
      expect(await facts(id)).toMatchObject({ direction: 'down', version: 3 });
    });

    it('that ends while nobody runs is followed by what is traded after it only', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      await pause(id);
      market.tick('101');
      market.tick('99');
      await resume(id);
      await restart('99.5', '100');
      await expect.poll(() => firingsIn()).toEqual([{ id, trade: 5 }]);
    });

    it('that ends without a live price is followed by the first one', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      await pause(id);
      await watched(id);
      await market.says('101');
      market.last = null;
      await resume(id);
      await watched(id);
      await market.says('102', '99');
      expect(await firingsIn()).toEqual([{ id, trade: 4 }]);
      expect(await facts(id)).toMatchObject({ direction: 'down' });
    });
  });

  describe('another target', () => {
    it('replaces the old one at once, from the last price on', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      await aimAt(id, '105');
      await market.says('101');
      expect(await firingsIn()).toEqual([]);
      await watched(id);
      await market.says('104', '105');
      expect(await firingsIn()).toEqual([{ id, trade: 4 }]);
      expect(await facts(id)).toEqual({
        note: null,
        target: '105',
        condition: '105',
        direction: 'up',
        version: 2,
      });
    });

    it('is reached by trades that the engine had compared with the old one', async () => {
      const id = await alertAt('110');
      await watched(id);
      const first = market.tick('100');
      beforeTheNextCommit(async () => {
        // What passes for the last price is written a moment later than the engine hears of it.
        market.last = first;
        await aimAt(id, '95');
      });
      await market.repeats([first, market.tick('94'), market.tick('100'), market.tick('111')]);
      await watched(id);
      expect(await firingsIn()).toEqual([{ id, trade: 2 }]);
      expect(await facts(id)).toMatchObject({ target: '95', direction: 'down' });
    });

    it('is reached by trades that the engine had compared with the very same one before a detour', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98', '99');
      const [, second] = market.said;
      await aimAt(id, '200');
      await aimAt(id, '100');
      expect(
        await engines.database.one`select reference_trade_id as at from alerts.alerts where id = ${id}`,
      ).toEqual({
        at: second?.id,
      });
      await watched(id);
      await market.says('101');
      expect(await firingsIn()).toEqual([{ id, trade: 3 }]);
    });

    it('is kept through a restart before the engine has taken it in', async () => {
      const id = await alertAt('100');
      await watched(id);
      await market.says('98');
      await aimAt(id, '105');
      await restart('101', '99', '106');
      await expect.poll(() => firingsIn()).toEqual([{ id, trade: 4 }]);
      expect(await facts(id)).toMatchObject({ target: '105' });
    });

    it('is not replaced by an older state that was read before it and arrives later', async () => {
      const id = await alertAt('110');
      await watched(id);
      await market.says('100');
      const [older] = await readAlerts(engines.database, [id]);
      await aimAt(id, '95');
      await watched(id);
      await engines.running[0]!.get(AlertEngine)['take']([older!]);
      await market.says('94');
      expect(await firingsIn()).toEqual([{ id, trade: 2 }]);
    });

    it('does not get the reference that was found for the old one', async () => {
      const id = await alertAt('100', null);
      await watched(id);
      beforeTheNextCommit(() => {
        market.last = null;
        return aimAt(id, '110');
      });
      await market.says('105');
      await watched(id);
      await market.says('106', '111');
      expect(await firingsIn()).toEqual([{ id, trade: 3 }]);
      expect(await facts(id)).toMatchObject({ target: '110', direction: 'up' });
    });
  });
});

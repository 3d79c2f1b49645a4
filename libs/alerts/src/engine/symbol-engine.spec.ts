import { describe, expect, it } from 'vitest';
import { SymbolEngine } from './symbol-engine.ts';
import { afterLosing, type EvaluatedTick, type WatchedAlert } from './watched-alert.ts';

const now = () => new Date('2026-11-21T12:00:00Z');

const tick = (id: number, price: string, source = 'binance'): EvaluatedTick => ({
  source,
  id,
  price,
  at: now(),
  receivedAt: now(),
  origin: 'live',
});

const alert = (value: string, fields: Partial<WatchedAlert> = {}): WatchedAlert => ({
  id: `alert at ${value}`,
  symbol: 'BTC-USD',
  condition: { operator: 'crossing', value },
  value: Number(value),
  version: 1,
  status: 'active',
  direction: 'up',
  source: 'binance',
  reference: 0,
  evaluatedThrough: 0,
  changedIn: 1n,
  ...fields,
});

const fired = ({ firings }: { firings: { alert: WatchedAlert; tick: EvaluatedTick }[] }) =>
  firings.map(({ alert: { condition }, tick: { id } }) => `${condition.value} at ${id}`);

describe('the engine of a symbol', () => {
  it('fires at the tick that reaches the level and not again', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100'), [], now);
    expect(fired(engine.evaluate([tick(1, '99.99'), tick(2, '100'), tick(3, '101')], now))).toEqual([
      '100 at 2',
    ]);
  });

  it('fires every level that one jump passed', () => {
    const engine = new SymbolEngine();
    for (const value of ['101', '103', '102', '200']) engine.track(alert(value), [], now);
    expect(fired(engine.evaluate([tick(1, '100'), tick(2, '150')], now))).toEqual([
      '101 at 2',
      '102 at 2',
      '103 at 2',
    ]);
  });

  it('shows the tick before the crossing one', () => {
    const engine = new SymbolEngine({ source: 'binance', id: 7, price: '98', at: now() });
    engine.track(alert('100', { evaluatedThrough: 7 }), [], now);
    const { firings } = engine.evaluate([tick(8, '100')], now);
    expect(firings[0]?.previous).toMatchObject({ id: 7, price: '98' });
  });

  it('tells apart what floats cannot', () => {
    const engine = new SymbolEngine();
    engine.track(alert('0.30000000000000001'), [], now);
    expect(fired(engine.evaluate([tick(1, '0.3')], now))).toEqual([]);
    expect(fired(engine.evaluate([tick(2, '0.30000000000000001')], now))).toEqual([
      '0.30000000000000001 at 2',
    ]);
  });

  it('drops ticks that are repeated or come late', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100'), [], now);
    expect(fired(engine.evaluate([tick(5, '99'), tick(5, '100'), tick(4, '100')], now))).toEqual([]);
    expect(engine.cursor?.id).toBe(5);
  });

  it('does not count ticks up to the reference, even when it lies ahead of the engine', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100', { evaluatedThrough: 3 }), [], now);
    expect(fired(engine.evaluate([tick(2, '120'), tick(3, '99'), tick(4, '100')], now))).toEqual([
      '100 at 4',
    ]);
  });

  it('compares a late alert with the ticks it has in memory', () => {
    const engine = new SymbolEngine();
    engine.evaluate([tick(1, '99'), tick(2, '101'), tick(3, '99')], now);
    const decisions = engine.track(alert('100', { evaluatedThrough: 1 }), [], now);
    expect(fired(decisions)).toEqual(['100 at 2']);
    expect(decisions.firings[0]?.previous).toMatchObject({ id: 1 });
    expect(fired(engine.evaluate([tick(4, '120')], now))).toEqual([]);
  });

  it('compares fetched ticks before those in memory', () => {
    const engine = new SymbolEngine({ source: 'binance', id: 10, price: '99', at: now() });
    expect(engine.coveredFrom).toBe(11);
    engine.evaluate([tick(11, '100')], now);
    const missed = [tick(8, '99'), tick(9, '100'), tick(10, '99')];
    expect(fired(engine.track(alert('100', { evaluatedThrough: 8 }), missed, now))).toEqual(['100 at 9']);
  });

  it('does not compare a known alert again when only its version changed', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100'), [], now);
    engine.evaluate([tick(1, '99')], now);
    expect(engine.knows(alert('100', { version: 2 }))).toBe(true);
    engine.track(alert('100', { version: 2 }), [], now);
    expect(engine.evaluate([tick(2, '100')], now).firings[0]?.alert.version).toBe(2);
  });

  it('compares a known alert again when it starts from another tick', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100', { evaluatedThrough: 3, reference: 3 }), [], now);
    engine.evaluate([tick(1, '99'), tick(2, '101'), tick(3, '99'), tick(4, '98')], now);
    const again = alert('100', { version: 3, reference: 1, evaluatedThrough: 1 });
    expect(engine.knows(again)).toBe(false);
    expect(fired(engine.track(again, [], now))).toEqual(['100 at 2']);
  });

  it('forgets an alert that was deleted or fired elsewhere', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100'), [], now);
    engine.track(alert('100', { status: 'deleted' }), [], now);
    expect(fired(engine.evaluate([tick(1, '100')], now))).toEqual([]);
  });

  it('gives an alert without a reference the first price that differs from its target', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100', { direction: null, source: null }), [], now);
    const { anchorings, firings } = engine.evaluate([tick(1, '100'), tick(2, '105'), tick(3, '100')], now);
    expect(anchorings).toMatchObject([{ direction: 'down', reference: { id: 2, price: '105' } }]);
    expect(fired({ firings })).toEqual(['100 at 3']);
  });

  it('gives an alert no reference from the history, nor from news that is old', () => {
    const engine = new SymbolEngine();
    const open = { direction: null, source: null };
    engine.evaluate([{ ...tick(1, '90'), origin: 'backfill' }], now);
    expect(engine.track(alert('100', open), [], now).anchorings).toEqual([]);
    expect(engine.evaluate([{ ...tick(2, '95'), origin: 'backfill' }], now).anchorings).toEqual([]);
    expect(engine.evaluate([tick(3, '105')], now).anchorings).toMatchObject([{ reference: { id: 3 } }]);

    const anHourLater = () => new Date(now().getTime() + 3_600_000);
    expect(engine.track(alert('110', open), [], anHourLater).anchorings).toEqual([]);
    expect(engine.track(alert('110', open), [], now).anchorings).toMatchObject([{ reference: { id: 3 } }]);
  });

  it('anchors every alert anew when another source takes over', () => {
    const engine = new SymbolEngine();
    engine.track(alert('100', { source: 'simulated' }), [], now);
    engine.evaluate([tick(900, '99', 'simulated')], now);
    const decisions = engine.evaluate([tick(1, '150'), tick(2, '99')], now);
    expect(decisions.anchorings).toMatchObject([
      { direction: 'down', reference: { source: 'binance', id: 1 } },
    ]);
    expect(fired(decisions)).toEqual(['100 at 2']);
  });

  it('passes over what another source traded before the change to it', () => {
    const engine = new SymbolEngine({
      source: 'simulated',
      id: 7,
      price: '98',
      at: new Date('2026-11-21T11:00Z'),
    });
    engine.track(alert('100', { source: 'simulated', evaluatedThrough: 7 }), [], now);
    const earlier = ['98', '101'].map((price, index) => ({
      ...tick(index + 1, price),
      at: new Date('2026-11-21T10:00Z'),
    }));
    expect(engine.evaluate(earlier, now)).toEqual({ firings: [], anchorings: [] });
    const { anchorings, firings } = engine.evaluate([tick(3, '102'), tick(4, '99')], now);
    expect(anchorings).toMatchObject([{ direction: 'down', reference: { source: 'binance', id: 3 } }]);
    expect(firings).toMatchObject([{ tick: { id: 4 } }]);
  });
});

describe('an alert whose firing was lost', () => {
  const firing = { alert: alert('100'), tick: tick(7, '101'), previous: null, decidedAt: now() };

  it('is compared with that tick again when only its version is new', () => {
    expect(afterLosing(firing, alert('100', { version: 2 })).evaluatedThrough).toBe(6);
    expect(afterLosing(firing, alert('100', { version: 2, evaluatedThrough: 9 })).evaluatedThrough).toBe(9);
  });

  it.each<[string, Partial<WatchedAlert>]>([
    ['level', { condition: { operator: 'crossing', value: '90' } }],
    ['side', { direction: 'down' }],
    ['reference', { reference: 2 }],
    ['source', { source: 'simulated' }],
  ])('is compared from its own reference when it has another %s', (_, changed) => {
    const edited = alert('100', { version: 2, evaluatedThrough: 2, ...changed });
    expect(afterLosing(firing, edited)).toBe(edited);
  });
});

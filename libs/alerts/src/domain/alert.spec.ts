import { describe, expect, it } from 'vitest';
import { AlertCreated, AlertDeleted } from '../contracts/index.ts';
import { Alert, type AlertChanges, type AlertStatus } from './alert.ts';

const now = new Date('2026-11-21T12:00:00Z');
const last = { source: 'binance', id: 41, price: '32000', at: new Date('2026-11-21T11:59:59Z') };

const create = (value: string, reference: typeof last | null = last) =>
  Alert.create(
    {
      userId: 'ada',
      symbol: 'BTC-USD',
      condition: { operator: 'crossing', value },
      valuePointer: '/target',
      priceScale: 8,
      note: null,
    },
    reference,
    now,
  );

describe('creating an alert', () => {
  it('says that it was created', () => {
    const alert = create('33000');
    expect(alert.pullEvents()).toMatchObject([
      { type: AlertCreated.type, payload: { alertId: alert.id, userId: 'ada', symbol: 'BTC-USD' } },
    ]);
  });

  it('anchors it at the last trade and fixes its direction from there', () => {
    expect(create('33000')).toMatchObject({ direction: 'up', referenceTradeId: 41, evaluatedThrough: 41 });
    expect(create('31000')).toMatchObject({ direction: 'down', referencePrice: '32000' });
  });

  it('leaves direction and reference open before the first price', () => {
    expect(create('33000', null)).toMatchObject({
      status: 'active',
      direction: null,
      referenceTradeId: null,
    });
  });

  it('is refused at the last price, naming that price and the operators that could be meant', () => {
    expect(() => create('32000')).toThrow(
      expect.objectContaining({
        code: 'alerts.target-at-price',
        message: expect.stringMatching(/32000.*greater_than.*less_than/),
        faults: [expect.objectContaining({ pointer: '/target' })],
      }),
    );
  });

  it.each(['0', '-5', '1000000000.1', '0.123456789'])(
    'is refused for the target %s, at its pointer',
    (value) => {
      expect(() => create(value)).toThrow(
        expect.objectContaining({
          code: 'alerts.target-out-of-range',
          faults: [expect.objectContaining({ pointer: '/target' })],
        }),
      );
    },
  );
});

describe('editing an alert', () => {
  const rules = { valuePointer: '/target', priceScale: 8 };
  const later = { source: 'binance', id: 77, price: '40000', at: new Date('2026-11-21T13:00:00Z') };
  const market = { last: later, comparedThrough: 60 };
  const at = (value: string) => ({ condition: { operator: 'crossing', value } as const });
  const start = {
    direction: 'up',
    referenceSource: 'binance',
    referenceTradeId: 41,
    referencePrice: '32000',
    referenceAt: last.at,
  };

  it('gives it another note, and lets its rule go on where it is', () => {
    const alert = create('33000');
    expect(alert.edit({ note: 'sell?' }, rules, market)).toEqual(['edited']);
    expect(alert).toMatchObject({ ...start, note: 'sell?', target: '33000', evaluatedThrough: 60 });
    expect(alert.edit({ note: null }, rules, { last: later, comparedThrough: 55 })).toEqual(['edited']);
    expect(alert).toMatchObject({ ...start, note: null, evaluatedThrough: 60 });
    expect(alert.edit({ note: 'hold' }, rules, { last: null, comparedThrough: null })).toEqual(['edited']);
    expect(alert).toMatchObject({ ...start, note: 'hold', evaluatedThrough: 60 });
  });

  it('claims nothing of one that waits for its reference', () => {
    const alert = create('33000', null);
    expect(alert.edit({ note: 'sell?' }, rules, market)).toEqual(['edited']);
    expect(alert).toMatchObject({ referenceTradeId: null, evaluatedThrough: null });
  });

  it('moves its level, which starts at the last trade, or at the next one without a live price', () => {
    const alert = create('33000');
    expect(alert.edit(at('35000'), rules, market)).toEqual(['edited']);
    const moved = { direction: 'down', referenceTradeId: 77, referencePrice: '40000', evaluatedThrough: 77 };
    expect(alert).toMatchObject({ target: '35000', ...moved });
    expect(alert.edit(at('45000'), rules, { last: null, comparedThrough: 90 })).toEqual(['edited']);
    const open = { direction: null, referenceSource: null, referenceTradeId: null, evaluatedThrough: null };
    expect(alert).toMatchObject({ target: '45000', ...open, referencePrice: null, referenceAt: null });
  });

  it('pauses it, and wakes it up at the last trade', () => {
    const alert = create('33000');
    expect(alert.edit({ status: 'paused' }, rules, market)).toEqual(['paused']);
    expect(alert).toMatchObject({ ...start, status: 'paused' });
    expect(alert.edit({ status: 'active' }, rules, market)).toEqual(['resumed']);
    expect(alert).toMatchObject({
      status: 'active',
      direction: 'down',
      referenceTradeId: 77,
      evaluatedThrough: 77,
    });
  });

  it('does several things at once, and leaves a paused one paused', () => {
    const alert = create('33000');
    expect(alert.edit({ ...at('35000'), note: 'a', status: 'paused' }, rules, market)).toEqual([
      'edited',
      'paused',
    ]);
    expect(alert.edit(at('36000'), rules, market)).toEqual(['edited']);
    expect(alert).toMatchObject({ status: 'paused', target: '36000' });
    expect(alert.edit({ note: 'b', status: 'active' }, rules, market)).toEqual(['edited', 'resumed']);
  });

  it('changes nothing when nothing is new, and keeps its start', () => {
    const alert = create('33000');
    expect(alert.edit({ ...at('33000'), note: null, status: 'active' }, rules, market)).toEqual([]);
    expect(alert).toMatchObject({ ...start, evaluatedThrough: 41 });
    alert.edit({ status: 'paused' }, rules, market);
    expect(alert.edit({ status: 'paused' }, rules, market)).toEqual([]);
  });

  it.each<[string, AlertChanges, string, string]>([
    ['to the last price', at('40000'), 'alerts.target-at-price', '/target'],
    ['to zero', at('0'), 'alerts.target-out-of-range', '/target'],
    ['to more decimals than a price has', at('0.123456789'), 'alerts.target-out-of-range', '/target'],
  ])('is refused %s, and leaves it as it was', (_, changes, code, pointer) => {
    const alert = create('33000');
    expect(() => alert.edit({ ...changes, note: 'sell?' }, rules, market)).toThrow(
      expect.objectContaining({ code, faults: [expect.objectContaining({ pointer })] }),
    );
    expect(alert).toMatchObject({ ...start, target: '33000', note: null });
  });

  it('cannot end a pause while the price stands on the level', () => {
    const alert = create('33000');
    alert.edit({ status: 'paused' }, rules, market);
    const there = { last: { ...later, price: '33000.00' }, comparedThrough: null };
    expect(() => alert.edit({ status: 'active' }, rules, there)).toThrow(
      expect.objectContaining({
        code: 'alerts.target-at-price',
        faults: [expect.objectContaining({ pointer: '/status' })],
      }),
    );
    expect(alert.status).toBe('paused');
  });

  it.each<AlertStatus>(['triggered', 'expired', 'deleted'])('comes too late for one that is %s', (status) => {
    const alert = create('33000');
    alert.status = status;
    expect(() => alert.edit({ note: 'sell?' }, rules, market)).toThrow(
      expect.objectContaining({ kind: 'conflict', code: 'alerts.not-editable' }),
    );
  });
});

describe('deleting an alert', () => {
  it('marks it and says so, once', () => {
    const alert = create('33000');
    expect(alert.delete(now)).toMatchObject({ type: AlertDeleted.type, payload: { alertId: alert.id } });
    expect(alert).toMatchObject({ status: 'deleted', deletedAt: now });
    expect(alert.delete(now)).toBeNull();
  });
});

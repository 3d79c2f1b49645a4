import { describe, expect, it } from 'vitest';
import { AlertCreated, AlertDeleted } from '../contracts/index.ts';
import { Alert } from './alert.ts';

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

describe('deleting an alert', () => {
  it('marks it and says so, once', () => {
    const alert = create('33000');
    expect(alert.delete(now)).toMatchObject({ type: AlertDeleted.type, payload: { alertId: alert.id } });
    expect(alert).toMatchObject({ status: 'deleted', deletedAt: now });
    expect(alert.delete(now)).toBeNull();
  });
});

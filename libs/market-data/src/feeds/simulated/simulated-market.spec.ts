import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../domain/catalogue.ts';
import { basePrices } from './base-prices.ts';
import { SimulatedMarket } from './simulated-market.ts';

const market = new SimulatedMarket('tocsin');
const start = 7_131_000_000;
const prices = (symbol: string, ticks: number, from = start) =>
  Array.from({ length: ticks }, (_, index) => Number(market.tradeOf(symbol, from + index).price));

describe('the simulated market', () => {
  it('gives the same trade for the same seed, symbol and id', () => {
    expect(new SimulatedMarket('tocsin').tradeOf('DEMO-USD', start)).toEqual(
      market.tradeOf('DEMO-USD', start),
    );
    expect(market.tradeOf('DEMO-USD', start)).toEqual({ price: '99.77', quantity: '0.96' });
  });

  it('is another one with another seed', () => {
    const other = new SimulatedMarket('another');
    const differing = Array.from({ length: 100 }, (_, index) => start + index).filter(
      (id) => other.tradeOf('DEMO-USD', id).price !== market.tradeOf('DEMO-USD', id).price,
    );
    expect(differing.length).toBeGreaterThan(90);
  });

  it('moves the demo coin around 100, in cents', () => {
    const day = prices('DEMO-USD', 345_600);
    expect(Math.min(...day.slice(0, 50_000))).toBeGreaterThanOrEqual(95);
    expect(Math.max(...day.slice(0, 50_000))).toBeLessThanOrEqual(105);
    expect(day.reduce((sum, price) => sum + price, 0) / day.length).toBeCloseTo(100, 1);
    expect(day.every((price) => Number.isInteger(Math.round(price * 1e6) / 1e4))).toBe(true);
  });

  it.each([103, 97])('takes the demo coin through %i upward and downward within any 20 seconds', (level) => {
    const hour = prices('DEMO-USD', 14_400);
    const crossings = (window: number[]) => {
      const pairs = window.slice(1).map((now, index) => [window[index]!, now] as const);
      return {
        up: pairs.some(([last, now]) => last < level && level <= now),
        down: pairs.some(([last, now]) => last > level && level >= now),
      };
    };
    for (let from = 0; from + 80 <= hour.length; from += 7) {
      expect(crossings(hour.slice(from, from + 80))).toEqual({ up: true, down: true });
    }
  });

  it('knows a familiar price of every real coin', () => {
    for (const { symbol } of Catalogue.of(['binance']).listings.filter(
      ({ source }) => source === 'binance',
    )) {
      const base = basePrices[symbol]!;
      for (const price of prices(symbol, 100)) expect(Math.abs(price / base - 1)).toBeLessThan(0.02);
      expect(new Set(prices(symbol, 100)).size).toBeGreaterThan(10);
    }
  });

  it('writes exact decimals without exponent or trailing zeros', () => {
    for (const symbol of ['DEMO-USD', 'BTC-USD', 'SHIB-USD', 'XRP-USD']) {
      for (let id = start; id < start + 500; id++) {
        const { price, quantity } = market.tradeOf(symbol, id);
        expect(price).toMatch(/^(0|[1-9]\d*)(\.\d{0,7}[1-9])?$/);
        expect(quantity).toMatch(/^(0|[1-9]\d*)(\.\d{0,3}[1-9])?$/);
        expect(Number(quantity)).toBeGreaterThan(0);
      }
    }
  });
});

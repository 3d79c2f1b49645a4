import { describe, expect, it } from 'vitest';
import { Catalogue } from './catalogue.ts';
import { type Observation, quoteOf } from './quote.ts';

const now = new Date('2026-11-22T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const catalogue = Catalogue.of(['binance', 'simulated']);
const bitcoin = catalogue.find('BTC')!;
const demo = catalogue.find('DEMO')!;

const day = { last: '101', open: '100', high: '110.5', low: '95', volume: '12345.6', at: ago(1) };
const live: Observation = { state: 'live', trade: { price: '102', at: ago(0.5) }, day };

describe('a quote', () => {
  it('says everything that is known', () => {
    expect(quoteOf(bitcoin, live, now)).toEqual({
      symbol: 'BTC-USD',
      price: '102',
      dayHigh: '110.5',
      dayLow: '95',
      volume24h: '12345.6',
      volumeUnit: 'USD',
      marketCap: null,
      change24hPercent: '2',
      source: 'binance',
      asOf: ago(0.5),
      stale: false,
    });
  });

  it('of a symbol never seen knows nothing and is stale', () => {
    expect(quoteOf(bitcoin, { state: null, trade: null, day: null }, now)).toMatchObject({
      price: null,
      volume24h: null,
      volumeUnit: null,
      change24hPercent: null,
      asOf: null,
      stale: true,
    });
  });

  it('takes the price of the statistics while trades are being caught up on', () => {
    const behind = { ...live, trade: { price: '77', at: ago(3600) } };
    expect(quoteOf(bitcoin, behind, now)).toMatchObject({
      price: '101',
      asOf: ago(1),
      change24hPercent: '1',
    });
  });

  it('has no change to report of a day that opened at nothing', () => {
    expect(quoteOf(bitcoin, { ...live, day: { ...day, open: '0' } }, now).change24hPercent).toBeNull();
  });

  it.each([
    ['102', '98', '-3.922'],
    ['100', '100', '0'],
    ['100000', '99999.9999', '0'],
    ['0.00001234', '0.00001334', '8.104'],
  ])('of %s that became %s changed by %s per cent', (open, price, percent) => {
    const observation = { ...live, trade: { price, at: now }, day: { ...day, open } };
    expect(quoteOf(bitcoin, observation, now).change24hPercent).toBe(percent);
  });
});

describe('a quote is stale', () => {
  it.each(['connecting', 'stale', 'unreachable', null])('while its feed is %s', (state) => {
    expect(quoteOf(bitcoin, { ...live, state }, now).stale).toBe(true);
  });

  it('when a real source has been silent for more than a minute', () => {
    const silent = (seconds: number) => ({
      state: 'live',
      trade: { price: '1', at: ago(seconds) },
      day: null,
    });
    expect(quoteOf(bitcoin, silent(60), now).stale).toBe(false);
    expect(quoteOf(bitcoin, silent(60.001), now).stale).toBe(true);
  });

  it('when the simulated market has been silent for more than ten seconds', () => {
    const silent = (seconds: number) => ({
      state: 'live',
      trade: { price: '1', at: ago(seconds) },
      day: null,
    });
    expect(quoteOf(demo, silent(10), now).stale).toBe(false);
    expect(quoteOf(demo, silent(10.001), now).stale).toBe(true);
  });

  it('not when nobody trades but the source still speaks', () => {
    expect(quoteOf(bitcoin, { ...live, trade: { price: '102', at: ago(600) } }, now).stale).toBe(false);
  });
});

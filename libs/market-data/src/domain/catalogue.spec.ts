import { describe, expect, it } from 'vitest';
import { Catalogue } from './catalogue.ts';

describe('the catalogue', () => {
  const catalogue = Catalogue.of(['binance', 'simulated']);

  it.each(['BTC-USD', 'btc-usd', 'BTC', 'btc', 'BTCUSDT', ' btcusdt '])('finds Bitcoin as %j', (name) => {
    expect(catalogue.find(name)).toEqual({
      symbol: 'BTC-USD',
      name: 'Bitcoin',
      type: 'crypto',
      currency: 'USD',
      source: 'binance',
      aliases: ['BTC', 'BTCUSDT', 'XBT'],
      priceScale: 8,
      pair: 'BTCUSDT',
    });
  });

  it('has no instrument of an unknown name', () => {
    expect(catalogue.find('NOPE-USD')).toBeUndefined();
    expect(catalogue.find('')).toBeUndefined();
  });

  it('gives every name to one instrument only', () => {
    const names = catalogue.listings.flatMap(({ symbol, aliases }) => [symbol, ...aliases]);
    expect(names.length).toBeGreaterThan(100);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lets nothing simulated touch a real symbol while another feed is named', () => {
    const simulated = catalogue.listings.filter(({ source }) => source === 'simulated');
    expect(simulated.map(({ symbol }) => symbol)).toEqual(['DEMO-USD']);
  });

  it('has the simulated feed serve everything when no other feed is named', () => {
    const sources = Catalogue.of(['simulated']).listings.map(({ source }) => source);
    expect(new Set(sources)).toEqual(new Set(['simulated']));
  });

  it('keeps real symbols with their exchange when there is no feed at all', () => {
    expect(Catalogue.of(['none']).find('ETH')?.source).toBe('binance');
  });

  it('is searched by parts of symbols, names and aliases', () => {
    const symbols = (text: string) => catalogue.search(text).map(({ symbol }) => symbol);
    expect(symbols('bitcoin')).toEqual(['BTC-USD', 'BCH-USD']);
    expect(symbols('matic')).toEqual(['POL-USD']);
    expect(symbols('demo')).toEqual(['DEMO-USD']);
    expect(symbols('')).toHaveLength(catalogue.listings.length);
  });

  it('is searched by type', () => {
    expect(catalogue.search('', ['stock'])).toEqual([]);
    expect(catalogue.search('btc', ['crypto', 'stock'])).toHaveLength(1);
  });
});

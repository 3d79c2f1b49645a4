import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configureHttp, httpAdapter } from '#platform/http';
import { platformModules } from '#platform/lifecycle';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { MarketDataHttpModule, marketDataPersistence } from '../market-data.module.ts';
import { LatestPrices } from '../persistence/latest-prices.ts';

describe('market data over HTTP', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let app: NestFastifyApplication;

  const get = async (url: string) => {
    const { statusCode: status, headers, body } = await app.inject({ url });
    return { status, headers, body: JSON.parse(body) };
  };
  const symbolsOf = ({ body }: { body: { items: { symbol: string }[] } }) =>
    body.items.map(({ symbol }) => symbol);

  beforeAll(async () => {
    postgres = await migratedDatabase([marketDataPersistence]);
    const { config } = postgres;
    const testing = await Test.createTestingModule({
      imports: [...platformModules(config, 'test', [marketDataPersistence]), MarketDataHttpModule],
      providers: [LatestPrices],
    }).compile();
    app = await configureHttp(testing.createNestApplication<NestFastifyApplication>(httpAdapter(config)));
    await app.init();
    const at = new Date();
    await app.get(LatestPrices).saveTicks([
      {
        symbol: 'BTC-USD',
        source: 'binance',
        id: 7,
        price: '64000.50000000',
        quantity: '1',
        at,
        receivedAt: at,
        origin: 'live',
      },
    ]);
    await app
      .get(LatestPrices)
      .saveStates([
        { symbol: 'BTC-USD', source: 'binance', state: 'live', wasLive: false, reason: null, since: at },
      ]);
  });

  afterAll(async () => {
    await app.close();
    await postgres.drop();
  });

  describe('instruments', () => {
    it('are listed page by page', async () => {
      const answer = await get('/v1/instruments?per_page=2');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ page: 1, perPage: 2, totalExact: true });
      expect(answer.body.items[0]).toEqual({
        symbol: 'BTC-USD',
        name: 'Bitcoin',
        type: 'crypto',
        currency: 'USD',
        source: 'binance',
        aliases: ['BTC', 'BTCUSDT', 'XBT'],
      });
      expect(answer.headers['link']).toContain('</v1/instruments?per_page=2&page=2>; rel="next"');
      const last = await get(`/v1/instruments?per_page=2&page=${Math.ceil(answer.body.total / 2)}`);
      expect(symbolsOf(last)).toContain('DEMO-USD');
    });

    it('are found by text and type', async () => {
      expect(symbolsOf(await get('/v1/instruments?q=ether&type=crypto,stock'))).toEqual([
        'ETH-USD',
        'ETC-USD',
      ]);
      expect(symbolsOf(await get('/v1/instruments?q=ether&type=stock'))).toEqual([]);
    });

    it.each([
      ['type=bond', 'type', 'Allowed values: crypto, stock.'],
      ['per_page=101', 'per_page', 'Give a whole number from 1 to 100.'],
      ['sort=name', 'sort', 'Unknown property.'],
    ])('refuse ?%s', async (query, parameter, detail) => {
      const { status, body } = await get(`/v1/instruments?${query}`);
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ parameter, detail }]);
    });
  });

  describe('quotes', () => {
    it.each(['BTC-USD', 'btc', 'BtcUsdt'])('are found as %s', async (name) => {
      const { status, body } = await get(`/v1/quotes/${name}`);
      expect(status).toBe(200);
      expect(body).toEqual({
        symbol: 'BTC-USD',
        price: '64000.5',
        dayHigh: null,
        dayLow: null,
        volume24h: null,
        volumeUnit: null,
        marketCap: null,
        change24hPercent: null,
        source: 'binance',
        asOf: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        stale: false,
      });
    });

    it('of an unknown symbol are not found', async () => {
      const { status, body } = await get('/v1/quotes/NOPE-USD');
      expect(status).toBe(404);
      expect(body).toMatchObject({
        code: 'market-data.unknown-symbol',
        detail: 'There is no instrument "NOPE-USD"; see /v1/instruments.',
      });
    });

    it('come on one page in the order in which they are named, each once', async () => {
      const answer = await get('/v1/quotes?symbols=eth,%20btc,ETH-USD');
      expect(symbolsOf(answer)).toEqual(['ETH-USD', 'BTC-USD']);
      expect(answer.body).toMatchObject({ page: 1, perPage: 2, total: 2, totalExact: true });
      expect(answer.body.items[0]).toMatchObject({ price: null, asOf: null, stale: true });
    });

    it.each(['/v1/quotes', '/v1/quotes?symbols='])('are all listed, page by page, by %s', async (url) => {
      const answer = await get(url);
      expect(symbolsOf(answer)).toHaveLength(10);
      expect(answer.body.total).toBeGreaterThan(50);
      expect(answer.headers['link']).toContain('rel="next"');
    });

    it('of an unknown symbol among others are refused, naming it', async () => {
      const { status, body } = await get('/v1/quotes?symbols=BTC-USD,NOPE-USD');
      expect(status).toBe(422);
      expect(body.errors).toEqual([
        { parameter: 'symbols', detail: 'There is no instrument "NOPE-USD"; see /v1/instruments.' },
      ]);
    });
  });

  it('is documented, with optional parameters as such', async () => {
    const { body } = await get('/openapi.json');
    expect(body.paths['/v1/quotes'].get.parameters).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'symbols', in: 'query', required: false })]),
    );
    expect(body.paths['/v1/quotes/{symbol}'].get.operationId).toBe('getQuote');
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(['Instrument', 'InstrumentPage', 'Quote', 'QuotePage']),
    );
  });
});

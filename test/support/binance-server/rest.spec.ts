import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startBinanceServer, type BinanceServer, type BinanceServerOptions } from './server.ts';
import { tradesOf } from './trade.ts';

const MINUTE = 60_000;
const BTC = tradesOf(
  'BTCUSDT',
  Array.from({ length: 20 }, (_, index) => 100 + index),
  { firstId: 501, quantity: '0.50000000' },
);
const ETH = tradesOf('ETHUSDT', [10, 11], { firstId: 9, from: 100_000 });

describe('The REST side', () => {
  let server: BinanceServer;
  let clock = 0;
  afterEach(() => server.close());

  async function serve(options: BinanceServerOptions = {}): Promise<void> {
    clock = 1_000 * MINUTE;
    server = await startBinanceServer({
      trades: [...BTC, ...ETH],
      speed: 'step',
      now: () => clock,
      ...options,
    });
  }
  const get = (path: string): Promise<Response> => fetch(`${server.restUrl}/api/v3/${path}`);
  const json = async (path: string): Promise<unknown> => (await get(path)).json();
  const rows = async (path: string): Promise<unknown[]> => z.array(z.unknown()).parse(await json(path));
  const ids = async (query: string): Promise<number[]> => {
    const page = await json(`aggTrades?symbol=BTCUSDT${query}`);
    return z
      .array(z.object({ a: z.number() }))
      .parse(page)
      .map(({ a }) => a);
  };

  it('knows nothing that was not played yet', async () => {
    await serve();
    expect(await ids('')).toEqual([]);
    expect(await json('ticker/price?symbol=BTCUSDT')).toEqual({ symbol: 'BTCUSDT', price: '0.00000000' });
    server.advance(2);
    expect(await ids('&fromId=501')).toEqual([501, 502]);
    expect(await ids('&fromId=503')).toEqual([]);
  });

  it('gives a trade as an aggregate of its own, at the time it was played', async () => {
    await serve();
    server.advance();
    expect(await json('aggTrades?symbol=BTCUSDT')).toEqual([
      { a: 501, p: '100.00000000', q: '0.50000000', f: 501, l: 501, T: clock, m: true, M: true },
    ]);
  });

  it('gives the newest trades when none is named, and pages from an id or a time', async () => {
    await serve();
    for (const _ of BTC) {
      server.advance();
      clock += 1_000;
    }
    const begin = clock - 20_000;
    expect(await ids('&limit=3')).toEqual([518, 519, 520]);
    expect(await ids('&limit=2&fromId=510')).toEqual([510, 511]);
    expect(await ids('&fromId=1&limit=1')).toEqual([501]);
    expect(await ids(`&limit=2&startTime=${begin + 5_000}`)).toEqual([506, 507]);
    expect(await ids(`&limit=2&endTime=${begin + 5_000}`)).toEqual([505, 506]);
    expect(await ids(`&startTime=${begin + 3_000}&endTime=${begin + 5_000}`)).toEqual([504, 505, 506]);
  });

  it('gives 500 trades unless asked for more, and never more than 1,000', async () => {
    await serve({
      trades: tradesOf(
        'BTCUSDT',
        Array.from({ length: 1_200 }, () => 5),
      ),
    });
    server.advance(1_200);
    expect(await ids('')).toHaveLength(500);
    expect(await ids('&limit=5000')).toHaveLength(1_000);
  });

  it('makes bars of the trades, flat ones where there was none', async () => {
    await serve();
    server.advance(2);
    clock += 3 * MINUTE;
    server.advance(2);
    const open = 1_000 * MINUTE;
    const bars = await rows('klines?symbol=BTCUSDT&interval=1m');
    const bar = (
      minute: number,
      prices: string[],
      volume: string,
      quote: string,
      count: number,
      taker: string[],
    ) => [
      open + minute * MINUTE,
      ...prices,
      volume,
      open + (minute + 1) * MINUTE - 1,
      quote,
      count,
      ...taker,
      '0',
    ];
    const flat = ['101.00000000', '101.00000000', '101.00000000', '101.00000000'];
    const zero = '0.00000000';
    expect(bars).toEqual([
      bar(
        0,
        ['100.00000000', '101.00000000', '100.00000000', '101.00000000'],
        '1.00000000',
        '100.50000000',
        2,
        ['0.50000000', '50.50000000'],
      ),
      bar(1, flat, zero, zero, 0, [zero, zero]),
      bar(2, flat, zero, zero, 0, [zero, zero]),
      bar(
        3,
        ['102.00000000', '103.00000000', '102.00000000', '103.00000000'],
        '1.00000000',
        '102.50000000',
        2,
        ['0.50000000', '51.50000000'],
      ),
    ]);
    expect(await rows('klines?symbol=BTCUSDT&interval=1m&limit=1')).toEqual(bars.slice(-1));
    expect(await rows('klines?symbol=BTCUSDT&interval=1m&limit=1&startTime=0')).toEqual(bars.slice(0, 1));
    expect(
      await json(`klines?symbol=BTCUSDT&interval=1m&startTime=${open + 1}&endTime=${open + 2 * MINUTE}`),
    ).toEqual(bars.slice(1, 3));
  });

  it('sums the day from what was played', async () => {
    await serve();
    server.advance(3);
    expect(await json('ticker/24hr?symbol=BTCUSDT')).toMatchObject({
      symbol: 'BTCUSDT',
      openPrice: '100.00000000',
      highPrice: '102.00000000',
      lowPrice: '100.00000000',
      lastPrice: '102.00000000',
      priceChange: '2.00000000',
      priceChangePercent: '2.000',
      weightedAvgPrice: '101.00000000',
      volume: '1.50000000',
      quoteVolume: '151.50000000',
      firstId: 501,
      lastId: 503,
      count: 3,
      closeTime: clock,
    });
  });

  it('answers for one symbol, for a list and for all', async () => {
    await serve();
    server.advance(22);
    const eth = { symbol: 'ETHUSDT', price: '11.00000000' };
    const btc = { symbol: 'BTCUSDT', price: '119.00000000' };
    expect(await json('ticker/price?symbol=ETHUSDT')).toEqual(eth);
    expect(await json('ticker/price?symbols=["ETHUSDT","BTCUSDT"]')).toEqual([eth, btc]);
    expect(await json('ticker/price')).toEqual([btc, eth]);
    expect(await json('exchangeInfo?symbol=ETHUSDT')).toMatchObject({
      symbols: [{ symbol: 'ETHUSDT', status: 'TRADING', baseAsset: 'ETH', quoteAsset: 'USDT' }],
    });
    expect(await json('exchangeInfo')).toMatchObject({
      symbols: [{ symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }],
    });
    expect(await json('time')).toEqual({ serverTime: clock });
    expect(await json('ping')).toEqual({});
  });

  it.each([
    ['aggTrades', -1102],
    ['aggTrades?symbol=', -1102],
    ['aggTrades?symbol=NOPEUSDT', -1121],
    ['aggTrades?symbol=btcusdt', -1100],
    ['aggTrades?symbol=BTCUSDT&fromId=x', -1100],
    ['aggTrades?symbol=BTCUSDT&fromId=1&startTime=1', -1128],
    ['aggTrades?symbol=BTCUSDT&limit=0', -1130],
    ['klines?symbol=BTCUSDT', -1102],
    ['klines?symbol=BTCUSDT&interval=7m', -1120],
    ['ticker/24hr?symbol=BTCUSDT&symbols=["BTCUSDT"]', -1128],
    ['ticker/24hr?symbols=BTCUSDT', -1100],
    ['ticker/24hr?symbols=["NOPE"]', -1121],
  ])('refuses %s with code %i', async (path, code) => {
    await serve();
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code, msg: expect.any(String) });
  });

  it('counts request weight by the minute, and answers 429 beyond the limit', async () => {
    await serve({ weightPerMinute: 9 });
    expect((await get('aggTrades?symbol=BTCUSDT')).headers.get('x-mbx-used-weight-1m')).toBe('4');
    expect((await get('aggTrades?symbol=BTCUSDT')).headers.get('x-mbx-used-weight-1m')).toBe('8');
    clock += 15_000;
    const refused = await get('aggTrades?symbol=BTCUSDT');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('45');
    expect(await refused.json()).toMatchObject({ code: -1003 });
    clock += 45_000;
    expect((await get('ping')).status).toBe(200);
  });

  it('fails as often as it is told to', async () => {
    await serve();
    server.failRest(2);
    expect([(await get('ping')).status, (await get('ping')).status, (await get('ping')).status]).toEqual([
      503, 503, 200,
    ]);
  });

  it('fails as a function says, by status or by cutting the connection', async () => {
    await serve();
    server.failRest(({ path, query }) => {
      if (path.endsWith('/time')) return 'cut';
      return query.has('fromId')
        ? { status: 418, headers: { 'retry-after': '9' }, body: { code: -1003 } }
        : null;
    });
    await expect(get('time')).rejects.toThrow('fetch failed');
    const banned = await get('aggTrades?symbol=BTCUSDT&fromId=1');
    expect([banned.status, banned.headers.get('retry-after')]).toEqual([418, '9']);
    expect((await get('ping')).status).toBe(200);
    expect(server.stats.restRequests['/api/v3/ping']).toBe(1);
  });

  it('keeps a request waiting for as long as a function wants', async () => {
    await serve();
    const gate = Promise.withResolvers<null>();
    server.failRest(() => gate.promise);
    const waiting = ids('');
    await expect.poll(() => server.stats.restRequests['/api/v3/aggTrades']).toBe(1);
    server.advance();
    gate.resolve(null);
    expect(await waiting).toEqual([501]);
  });

  it('has nothing at other addresses', async () => {
    await serve();
    expect((await get('order')).status).toBe(404);
  });
});

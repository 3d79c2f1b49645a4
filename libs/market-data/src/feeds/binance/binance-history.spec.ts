import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBinanceServer, type BinanceServer } from '../../../../../test/support/binance-server/server.ts';
import { tradesOf } from '../../../../../test/support/binance-server/trade.ts';
import { newCounters, type BinanceCounters } from './binance-counters.ts';
import { BinanceHistory, HistoryError } from './binance-history.ts';

const ROW = { a: 7, p: '100.50000000', q: '0.10000000', f: 7, l: 7, T: 1_700_000_000_000, m: true, M: true };

describe("Binance's history", () => {
  let server: BinanceServer;
  let counters: BinanceCounters;
  let history: BinanceHistory;
  const { signal } = new AbortController();

  beforeEach(async () => {
    server = await startBinanceServer({
      trades: tradesOf(
        'BTCUSDT',
        Array.from({ length: 1_100 }, () => 100),
      ),
      speed: 'step',
      miniTickerMs: 0,
    });
    server.advance(1_100);
    counters = newCounters();
    history = new BinanceHistory(server.restUrl, 5_000, counters);
  });
  afterEach(() => server.close());

  const failure = async (): Promise<HistoryError> => {
    const error: unknown = await history.from('BTCUSDT', 1, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HistoryError);
    return error as HistoryError;
  };
  const requests = (): number | undefined => server.stats.restRequests['/api/v3/aggTrades'];

  it('comes in pages of a thousand, and says when there may be more', async () => {
    const first = await history.from('BTCUSDT', 1, signal);
    expect([first.rows.length, first.rows[0]!.id, first.full]).toEqual([1000, 1, true]);
    const second = await history.from('BTCUSDT', 1_001, signal);
    expect([second.rows.length, second.rows[0]!.id, second.full]).toEqual([100, 1_001, false]);
    expect(counters).toMatchObject({ historyRequests: 2, historyFailures: 0 });
  });

  it('gives the newest trade', async () => {
    expect((await history.newest('BTCUSDT', signal))?.id).toBe(1_100);
  });

  it('keeps the place of a row that cannot be read, and counts it', async () => {
    server.failRest(() => ({
      status: 200,
      body: [ROW, { ...ROW, a: 8, p: '0.00000000' }, { p: '1' }, null],
    }));
    const { rows, full } = await history.from('BTCUSDT', 7, signal);
    expect(rows).toEqual([
      { id: 7, trade: { id: 7, price: '100.5', quantity: '0.1', at: new Date(1_700_000_000_000) } },
      { id: 8, trade: null },
    ]);
    expect(full).toBe(false);
    expect(counters.rejected).toMatchObject({ price: 1, id: 2 });
  });

  it.each([
    [{ status: 503, body: 'Service Unavailable' }, 'HTTP 503'],
    [{ status: 400, body: { code: -1121, msg: 'Invalid symbol.' } }, 'HTTP 400: Invalid symbol.'],
    [{ status: 200, body: { code: 0 } }, 'an answer without trades'],
    [{ status: 200, body: '<html>' }, 'an answer without trades'],
  ])('says what went wrong with the answer %j', async (answer, message) => {
    server.failRest(() => answer);
    expect((await failure()).message).toBe(message);
    expect(counters.historyFailures).toBe(1);
  });

  it('says what went wrong without an answer', async () => {
    server.failRest(() => 'cut');
    expect((await failure()).message).toBe('UND_ERR_SOCKET');
    await server.close();
    expect((await failure()).message).toBe('ECONNREFUSED');
  });

  it('is read between two ids, across pages', async () => {
    const ids = async (from: number, through: number): Promise<number[]> =>
      (await history.between('BTCUSDT', from, through, signal)).map(({ id }) => id);
    expect(await ids(2, 4)).toEqual([2, 3, 4]);
    expect(await ids(50, 1_060)).toEqual(Array.from({ length: 1_011 }, (_, index) => 50 + index));
    expect(await ids(1_099, 5_000)).toEqual([1_099, 1_100]);
    expect(await ids(5, 4)).toEqual([]);
    expect(requests()).toBe(4);
  });

  describe('beyond its rate limit', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['Date'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([
      [429, { 'retry-after': '30' }, 30],
      [418, { 'retry-after': '120' }, 120],
      [429, { 'retry-after': 'soon' }, 60],
      [429, {}, 60],
    ])('asks nothing for as long as a %i with %j says', async (status, headers, seconds) => {
      server.failRest(() => ({
        status,
        headers,
        body: { code: -1003, msg: 'Way too much request weight used' },
      }));
      const refusedAt = Date.now();
      expect((await failure()).message).toBe('rate limit');
      server.failRest(0);
      vi.setSystemTime(refusedAt + seconds * 1000 - 1);
      expect((await failure()).message).toBe('rate limit');
      expect(requests()).toBe(1);
      vi.setSystemTime(refusedAt + seconds * 1000);
      await history.newest('BTCUSDT', signal);
      expect(requests()).toBe(2);
    });
  });
});

import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasSharedData, needsSharedData, sharedData } from '../../../../../test/support/shared-data.ts';
import { readFrame, readTrade, type BinanceFrame } from './binance-frames.ts';

const knows = (pair: string): boolean => pair === 'BTCUSDT' || pair === 'ETHUSDT';
const TRADE = {
  e: 'aggTrade',
  E: 1_617_869_515_532,
  s: 'BTCUSDT',
  a: 671_183_311,
  p: '57125.03000000',
  q: '0.05068500',
  f: 752_455_921,
  l: 752_455_921,
  T: 1_617_869_515_531,
  m: true,
  M: true,
};
const TICKER = {
  e: '24hrMiniTicker',
  E: 1_749_183_266_025,
  s: 'BTCUSDT',
  c: '102492.27000000',
  o: '105121.06000000',
  h: '105909.71000000',
  l: '100372.26000000',
  v: '24032.63625000',
  q: '2472261593.19821790',
};
const read = (frame: unknown): BinanceFrame => readFrame(JSON.stringify(frame), knows);

describe('A frame of Binance', () => {
  const trade = {
    kind: 'trade',
    pair: 'BTCUSDT',
    trade: { id: 671_183_311, price: '57125.03', quantity: '0.050685', at: new Date(1_617_869_515_531) },
  };

  it('is a trade with exact amounts, wrapped or not', () => {
    expect(read(TRADE)).toEqual(trade);
    expect(read({ stream: 'btcusdt@aggTrade', data: TRADE })).toEqual(trade);
  });

  it('is the statistics of a day, the volume in the quote currency', () => {
    expect(read({ stream: 'btcusdt@miniTicker', data: TICKER })).toEqual({
      kind: 'statistics',
      pair: 'BTCUSDT',
      statistics: {
        last: '102492.27',
        open: '105121.06',
        high: '105909.71',
        low: '100372.26',
        volume: '2472261593.1982179',
        at: new Date(1_749_183_266_025),
      },
    });
  });

  it('is a reply, also when it refuses in either of two forms', () => {
    expect(read({ result: null, id: 3 })).toEqual({ kind: 'reply', id: 3, error: null });
    expect(read({ error: { code: 2, msg: 'Invalid request' }, id: 3 })).toMatchObject({
      id: 3,
      error: 'Invalid request',
    });
    expect(read({ code: 2, msg: 'Invalid request', id: 3 })).toMatchObject({
      id: 3,
      error: 'Invalid request',
    });
  });

  it('announces that the server shuts down, wrapped or not', () => {
    expect(read({ e: 'serverShutdown', E: 1_770_123_456_789 })).toEqual({ kind: 'shutdown' });
    expect(read({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } })).toEqual({
      kind: 'shutdown',
    });
  });

  it.each(['', '{', 'null', '7', '"text"', '[]', '{"e":"aggTrade",}', '\u0000'])(
    'that is %j is rejected',
    (text) => {
      expect(readFrame(text, knows)).toEqual({ kind: 'rejected', reason: 'json' });
    },
  );

  it.each([
    [{}, 'event'],
    [{ stream: 'btcusdt@aggTrade', data: null }, 'event'],
    [{ stream: 'btcusdt@aggTrade', data: [TRADE] }, 'event'],
    [{ ...TRADE, e: 'trade' }, 'event'],
    [{ u: 1, s: 'BTCUSDT', b: '1', B: '1', a: '2', A: '2' }, 'event'],
    [{ ...TRADE, s: 'DOGEUSDT' }, 'symbol'],
    [{ ...TRADE, s: 5 }, 'symbol'],
    [{ stream: 'ethusdt@aggTrade', data: TRADE }, 'symbol'],
    [{ ...TRADE, a: '671183311' }, 'id'],
    [{ ...TRADE, a: -1 }, 'id'],
    [{ ...TRADE, a: 1.5 }, 'id'],
    [{ ...TRADE, a: 2 ** 60 }, 'id'],
    [{ ...TRADE, p: '0.00000000' }, 'price'],
    [{ ...TRADE, p: '-5' }, 'price'],
    [{ ...TRADE, p: '1000000000000000.0' }, 'price'],
    [{ ...TRADE, p: 57125.03 }, 'price'],
    [{ ...TRADE, p: undefined }, 'price'],
    [{ ...TRADE, q: '0' }, 'quantity'],
    [{ ...TRADE, T: '1617869515531' }, 'time'],
    [{ ...TRADE, T: 1_617_869_515 }, 'time'],
    [{ ...TRADE, T: 1_617_869_515_531_000 }, 'time'],
    [{ ...TICKER, c: '0' }, 'price'],
    [{ ...TICKER, l: undefined }, 'price'],
    [{ ...TICKER, q: 'much' }, 'quantity'],
    [{ ...TICKER, E: null }, 'time'],
  ])('like %j is rejected for its %s', (frame, reason) => {
    expect(read(frame)).toEqual({ kind: 'rejected', reason });
  });
});

interface Sample {
  stream?: string;
  data: { e?: string; s?: string };
}

describe.skipIf(!hasSharedData)(`Recorded frames of Binance${needsSharedData}`, () => {
  const samples = (file: string): Sample[] =>
    readFileSync(sharedData(`ws/binance-samples/${file}`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { frame?: unknown })
      .map((line) => (line.frame ?? line) as Sample);
  const all = [
    'crypto_msg_parser_binance.jsonl',
    'singletons_2021_2026.jsonl',
    'unicorn_fy_spot.jsonl',
  ].flatMap(samples);
  const kindsOf = (event: string): string[] =>
    all
      .filter(
        (frame) => (frame.data ?? frame).e === event && /^[A-Z]+USDT$/.test((frame.data ?? frame).s ?? ''),
      )
      .map((frame) => readFrame(JSON.stringify(frame), () => true).kind);

  it('of trades and statistics are read, old schema and new', () => {
    expect(kindsOf('aggTrade')).toEqual(Array.from({ length: 5 }, () => 'trade'));
    expect(kindsOf('24hrMiniTicker')).toEqual(Array.from({ length: 4 }, () => 'statistics'));
  });

  it('of anything else are rejected, none throws', () => {
    const others = all.filter(
      (frame) => !['aggTrade', '24hrMiniTicker'].includes((frame.data ?? frame).e ?? ''),
    );
    expect(others.length).toBeGreaterThan(20);
    expect(new Set(others.map((frame) => readFrame(JSON.stringify(frame), () => true).kind))).toEqual(
      new Set(['rejected']),
    );
  });

  it('of six minutes of book, depth and trades hold no aggregate, and none throws', async () => {
    const file = createReadStream(sharedData('ws/binance-spot/btcusdt_20240808.raw.gz')).pipe(createGunzip());
    const kinds = new Map<string, number>();
    for await (const line of createInterface({ input: file })) {
      const frame = readFrame(line.slice(line.indexOf(' ') + 1), knows);
      const kind = frame.kind === 'rejected' ? frame.reason : frame.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toEqual({ event: 41_249 });
  });

  it('and a page of history are read to the last digit', () => {
    const rows = JSON.parse(
      readFileSync(sharedData('rest/binance/aggTrades_BTCUSDT_20200102.json'), 'utf8'),
    ) as unknown[];
    const trades = rows.map(readTrade);
    expect(trades).toHaveLength(1000);
    expect(trades[0]).toEqual({
      id: 202_790_190,
      price: '7139.89',
      quantity: '0.067023',
      at: new Date(1_577_977_823_305),
    });
    expect(trades.filter((trade) => typeof trade === 'string')).toEqual([]);
  });
});

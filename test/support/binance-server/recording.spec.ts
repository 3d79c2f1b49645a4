import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSharedData, needsSharedData, sharedData } from '../shared-data.ts';
import { mergeRecordings, readRecording } from './recording.ts';
import { shortSequence } from './short-sequence.ts';
import { tradesOf } from './trade.ts';

const FRAME =
  '{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000001,"s":"BTCUSDT","t":77,"p":"61837.63000000","q":"0.02000000","T":1700000000000,"m":true,"M":true}}';
const BOOK = '{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"2"}}';
const TRADE = {
  symbol: 'BTCUSDT',
  id: 77,
  price: '61837.63000000',
  quantity: '0.02000000',
  time: 1_700_000_000_000,
  buyerIsMaker: true,
};

describe('A recording', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recording-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function file(content: string | Buffer): Promise<string> {
    const path = join(folder, `${Math.random()}`);
    await writeFile(path, content);
    return path;
  }

  it('is read from JSON lines', async () => {
    expect(await readRecording(await file(`{"recv_ns":1,"frame":${FRAME}}\n`))).toEqual([TRADE]);
  });

  it('is read from raw lines, of which only the trades count', async () => {
    const lines = [`1 ${BOOK}`, `2 ${FRAME}`, '3 {"lastUpdateId":1,"bids":[]}', `4 {"result":null,"id":1}`];
    expect(await readRecording(await file(lines.join('\n')))).toEqual([TRADE]);
  });

  it('is read from rows of a CSV, with ids of its own', async () => {
    const path = await file('1605499846,15993.5,0.026472,ANY\n1605499847,15994,2.5e-05,ANY\n');
    expect(await readRecording(path, { symbol: 'BTCUSDT' })).toMatchObject([
      { id: 1, price: '15993.50000000', quantity: '0.02647200', time: 1_605_499_846_000 },
      { id: 2, price: '15994.00000000', quantity: '0.00002500', time: 1_605_499_847_000 },
    ]);
  });

  it('may be gzipped, whatever its name', async () => {
    expect(await readRecording(await file(gzipSync(`5 ${FRAME}\n`)))).toEqual([TRADE]);
  });

  it('of rows without a symbol is refused, and the refusal says what to give', async () => {
    await expect(readRecording(await file('1605499846,15993.5,0.02,ANY'))).rejects.toThrow(
      /give one, such as BTCUSDT/,
    );
  });

  it.each([
    'once upon a time',
    '1605499846,x,0.02',
    '{"frame":{"stream":"btcusdt@trade","data":{}}}',
    '1 {"x":"@trade"',
  ])('with the line %s is refused, naming the line', async (line) => {
    const path = await file(`1 ${FRAME}\n${line}\n`);
    await expect(readRecording(path, { symbol: 'BTCUSDT' })).rejects.toThrow(/line 2:/);
  });

  it('without a trade is refused', async () => {
    await expect(readRecording(await file(`1 ${BOOK}\n`))).rejects.toThrow(/no trades/);
  });
});

describe('Merged recordings', () => {
  it('are in order of time, and each keeps its own order where its clock stepped back', () => {
    const [first, second, third] = tradesOf('BTCUSDT', [1, 2, 3], { everyMs: 10 });
    const stepped = [first!, { ...third!, id: 2 }, { ...second!, id: 3 }];
    const other = tradesOf('ETHUSDT', [9, 9], { from: 15, everyMs: 1 });
    const merged = mergeRecordings([stepped, other]).map(({ symbol, id }) => `${symbol} ${id}`);
    expect(merged).toEqual(['BTCUSDT 1', 'ETHUSDT 1', 'ETHUSDT 2', 'BTCUSDT 2', 'BTCUSDT 3']);
  });
});

describe('Our own short sequence', () => {
  const trades = shortSequence();
  const bySymbol = Map.groupBy(trades, ({ symbol }) => symbol);

  it('is the same each time', () => {
    expect(shortSequence()).toEqual(trades);
  });

  it('is two minutes of contiguous trades of two symbols, in order of time', () => {
    expect([...bySymbol.keys()].sort()).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(trades).toHaveLength(360);
    for (const own of bySymbol.values()) {
      own.forEach(({ id }, index) => expect(id).toBe(own[0]!.id + index));
    }
    const times = trades.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(115_000);
  });

  it('crosses its first price upward and downward', () => {
    for (const own of bySymbol.values()) {
      const sides = new Set(own.map(({ price }) => Math.sign(Number(price) - Number(own[0]!.price))));
      expect(sides).toEqual(new Set([0, 1, -1]));
    }
  });
});

describe.skipIf(!hasSharedData)(`The recordings of Binance${needsSharedData}`, () => {
  it('hold the same trades in both forms, contiguous per symbol', async () => {
    const derived = await readRecording(
      sharedData('ws/binance-spot/trades_btcusdt_ethusdt_20240808T2354-20240809T0005.jsonl.gz'),
    );
    const raw = await Promise.all(
      ['btcusdt_20240808', 'btcusdt_20240809', 'ethusdt_20240808', 'ethusdt_20240809'].map((name) =>
        readRecording(sharedData(`ws/binance-spot/${name}.raw.gz`)),
      ),
    );
    expect(derived).toHaveLength(34_419);
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      const own = derived.filter((trade) => trade.symbol === symbol);
      expect(mergeRecordings(raw).filter((trade) => trade.symbol === symbol)).toEqual(own);
      expect(own.at(-1)!.id - own[0]!.id).toBe(own.length - 1);
    }
  }, 30_000);

  it('are read from a CSV with amounts in exponents', async () => {
    const trades = await readRecording(sharedData('ticks/binance_BTCUSDT_trades_20201116.csv'), {
      symbol: 'BTCUSDT',
    });
    expect(trades).toHaveLength(1000);
    expect(trades.at(-1)!.id).toBe(1000);
    expect(trades.filter(({ quantity }) => quantity === '0.00000100').length).toBeGreaterThan(0);
  });
});

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { fromUnits, toUnits } from './fixed-point.ts';
import type { Trade } from './trade.ts';

const tradeFrame = z.object({
  stream: z.string().endsWith('@trade'),
  data: z.object({ s: z.string(), t: z.int(), p: z.string(), q: z.string(), T: z.int(), m: z.boolean() }),
});
const recordedLine = z.object({ frame: tradeFrame });

/**
 * Reads the trades of a recording, plain or gzipped, in any of three forms, told apart line by line:
 * `{recv_ns, frame}` as JSON lines; raw lines `<receive ns> <frame>`, of which only `@trade` frames count; and CSV
 * `unix_s,price,amount,side`, which needs a symbol and gets ids of its own from 1.
 */
export async function readRecording(
  path: string,
  options: { symbol?: string | undefined } = {},
): Promise<Trade[]> {
  const bytes = await readFile(path);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  const trades: Trade[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || isOtherFrame(line)) continue;
    const trade = readLine(line, trades.length + 1, options.symbol);
    if (typeof trade === 'string') throw new Error(`${path}, line ${index + 1}: ${trade}`);
    trades.push(trade);
  }
  if (trades.length === 0) throw new Error(`${path}: no trades in it`);
  return trades;
}

/** Frames of other streams and REST answers lie between the trades of a raw recording. */
function isOtherFrame(line: string): boolean {
  return /^(\d+ )?\{/.test(line) && !line.includes('@trade"');
}

/** A trade, or what is wrong with the line. */
function readLine(line: string, csvId: number, symbol: string | undefined): Trade | string {
  const raw = /^\d+ (\{.*)$/.exec(line)?.[1];
  if (raw !== undefined) return ofFrame(tradeFrame.safeParse(parseJson(raw)).data);
  if (line.startsWith('{')) return ofFrame(recordedLine.safeParse(parseJson(line)).data?.frame);
  return ofCsvRow(line, csvId, symbol);
}

function ofFrame(frame: z.infer<typeof tradeFrame> | undefined): Trade | string {
  if (!frame) return 'not a trade frame';
  const { s: symbol, t: id, p: price, q: quantity, T: time, m: buyerIsMaker } = frame.data;
  return { symbol, id, price, quantity, time, buyerIsMaker };
}

function ofCsvRow(row: string, id: number, symbol: string | undefined): Trade | string {
  const [seconds = '', price = '', amount = ''] = row.trim().split(',');
  const number = /^\d+(\.\d+)?(e-?\d+)?$/i;
  if (![seconds, price, amount].every((cell) => number.test(cell))) {
    return 'neither a JSON line, nor a raw line, nor a row unix_s,price,amount,side';
  }
  if (!symbol) return 'rows of a CSV do not name their symbol: give one, such as BTCUSDT';
  return {
    symbol,
    id,
    price: fromUnits(toUnits(price)),
    quantity: fromUnits(toUnits(amount)),
    time: Math.round(Number(seconds) * 1000),
    buyerIsMaker: false,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Several recordings as one market, in order of time; each keeps its own order where its times step back. */
export function mergeRecordings(recordings: readonly (readonly Trade[])[]): Trade[] {
  return recordings
    .flatMap((trades) => {
      let latest = 0;
      return trades.map((trade) => {
        latest = Math.max(latest, trade.time);
        return { trade, order: latest };
      });
    })
    .toSorted((a, b) => a.order - b.order)
    .map(({ trade }) => trade);
}

import { positiveDecimal } from '../exact-decimal.ts';
import type { Tick } from '../price-feed.ts';

/** The name under which this source stands in ticks, alerts and quotes. */
export const SOURCE = 'binance';

/** A trade as Binance reports it, its amounts exact and without needless zeros. */
export interface BinanceTrade {
  /** Id of the aggregate trade: contiguous per pair. */
  readonly id: number;
  readonly price: string;
  readonly quantity: string;
  readonly at: Date;
}

/** A pair's rolling 24 hours; `volume` is in the quote currency. */
export interface BinanceStatistics {
  readonly last: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly volume: string;
  readonly at: Date;
}

/** Why a frame, or a row of history, was dropped. */
export const REJECTIONS = ['json', 'event', 'symbol', 'id', 'price', 'quantity', 'time'] as const;
export type Rejection = (typeof REJECTIONS)[number];

export type BinanceFrame =
  | { kind: 'trade'; pair: string; trade: BinanceTrade }
  | { kind: 'statistics'; pair: string; statistics: BinanceStatistics }
  | { kind: 'reply'; id: unknown; error: string | null }
  | { kind: 'shutdown' }
  | { kind: 'rejected'; reason: Rejection };

type Fields = Readonly<Record<string, unknown>>;

/** Reads one frame, wrapped as a combined stream or not; whatever it is, this never throws. */
export function readFrame(text: string, knows: (pair: string) => boolean): BinanceFrame {
  const frame = fieldsOf(parseJson(text));
  if (!frame) return rejected('json');
  const wrapped = 'stream' in frame && 'data' in frame;
  const data = wrapped ? fieldsOf(frame['data']) : frame;
  if (!data) return rejected('event');
  if (data['e'] === 'serverShutdown') return { kind: 'shutdown' };
  if (data['e'] !== 'aggTrade' && data['e'] !== '24hrMiniTicker') return readReply(data);
  const pair = data['s'];
  if (typeof pair !== 'string' || !knows(pair)) return rejected('symbol');
  if (wrapped && String(frame['stream']).split('@')[0] !== pair.toLowerCase()) return rejected('symbol');
  if (data['e'] === 'aggTrade') {
    const trade = readTrade(data);
    return typeof trade === 'string' ? rejected(trade) : { kind: 'trade', pair, trade };
  }
  const statistics = readStatistics(data);
  return typeof statistics === 'string' ? rejected(statistics) : { kind: 'statistics', pair, statistics };
}

/** Reads an aggregate trade, of a frame or of a row of history, or says what is wrong with it. */
export function readTrade(data: unknown): BinanceTrade | Rejection {
  const fields = fieldsOf(data);
  const id = tradeId(fields);
  if (!fields || id === null) return 'id';
  const price = positiveDecimal(fields['p']);
  if (price === null) return 'price';
  const quantity = positiveDecimal(fields['q']);
  if (quantity === null) return 'quantity';
  const at = instant(fields['T']);
  return at ? { id, price, quantity, at } : 'time';
}

/** A trade of Binance as the rest of the system knows one. */
export function tickOf(symbol: string, trade: BinanceTrade, receivedAt: Date, origin: Tick['origin']): Tick {
  return { symbol, source: SOURCE, ...trade, receivedAt, origin };
}

/** The id of an aggregate trade, which may be readable when nothing else of it is. */
export function tradeId(data: unknown): number | null {
  const id = fieldsOf(data)?.['a'];
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null;
}

function readStatistics(data: Fields): BinanceStatistics | Rejection {
  const [last, open, high, low] = ['c', 'o', 'h', 'l'].map((name) => positiveDecimal(data[name]));
  if (!last || !open || !high || !low) return 'price';
  const volume = positiveDecimal(data['q']);
  if (!volume) return 'quantity';
  const at = instant(data['E']);
  return at ? { last, open, high, low, volume, at } : 'time';
}

/** The answer to a SUBSCRIBE: `{result, id}`, or an error in either of the two forms that Binance uses. */
function readReply(data: Fields): BinanceFrame {
  const id = data['id'];
  const error = fieldsOf(data['error']) ?? data;
  if ('code' in error) return { kind: 'reply', id, error: String(error['msg']) };
  return 'result' in data ? { kind: 'reply', id, error: null } : rejected('event');
}

/** Milliseconds since 1970 between 2008 and 2286: seconds and microseconds fall outside. */
function instant(value: unknown): Date | null {
  return typeof value === 'number' && value >= 1.2e12 && value < 1e13 ? new Date(value) : null;
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rejected(reason: Rejection): BinanceFrame {
  return { kind: 'rejected', reason };
}

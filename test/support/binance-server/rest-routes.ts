import { KLINE_INTERVALS, klinesOf } from './klines.ts';
import type { SymbolMarket } from './market.ts';
import { aggTradeRow, type Trade } from './trade.ts';

/** What the answers are made from. */
export interface RouteContext {
  markets: ReadonlyMap<string, SymbolMarket>;
  now: () => number;
  /** Request weight allowed per minute before the answer is 429; Binance allows 6,000. */
  weightPerMinute: number;
}

/** A bad request, with Binance's code and words for it. */
export class RestError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Route {
  weight: (query: URLSearchParams) => number;
  answer: (query: URLSearchParams, options: RouteContext) => unknown;
}

/** The addresses that are answered, each with its request weight. */
export const ROUTES: Readonly<Record<string, Route>> = {
  '/api/v3/ping': { weight: () => 1, answer: () => ({}) },
  '/api/v3/time': { weight: () => 1, answer: (_, { now }) => ({ serverTime: now() }) },
  '/api/v3/aggTrades': { weight: () => 4, answer: aggTrades },
  '/api/v3/klines': { weight: () => 2, answer: klines },
  '/api/v3/ticker/24hr': {
    weight: (query) => (query.has('symbol') ? 2 : 40),
    answer: (query, { markets, now }) => oneOrMany(query, markets, (market) => market.dayTicker(now())),
  },
  '/api/v3/ticker/price': {
    weight: (query) => (query.has('symbol') ? 2 : 4),
    answer: (query, { markets }) =>
      oneOrMany(query, markets, (market) => ({
        symbol: market.symbol,
        price: market.last?.price ?? '0.00000000',
      })),
  },
  '/api/v3/exchangeInfo': { weight: () => 20, answer: exchangeInfo },
};

function aggTrades(query: URLSearchParams, { markets }: RouteContext): object[] {
  const { trades } = marketOf(query, markets);
  const { fromId, startTime, endTime } = integers(query, ['fromId', 'startTime', 'endTime']);
  const limit = limitOf(query);
  if (fromId !== undefined && (startTime !== undefined || endTime !== undefined)) {
    throw new RestError(-1128, 'Combination of optional parameters invalid.');
  }
  const page =
    fromId !== undefined ? from(trades, (trade) => trade.id >= fromId) : between(trades, startTime, endTime);
  const newest = fromId === undefined && startTime === undefined;
  return (newest ? page.slice(-limit) : page.slice(0, limit)).map(aggTradeRow);
}

function klines(query: URLSearchParams, { markets }: RouteContext): unknown[] {
  const { trades } = marketOf(query, markets);
  const { startTime, endTime } = integers(query, ['startTime', 'endTime']);
  const interval = KLINE_INTERVALS[query.get('interval') ?? mandatory('interval')];
  if (interval === undefined) throw new RestError(-1120, 'Invalid interval.');
  const bars = klinesOf(trades, interval).filter(
    ([openTime]) => openTime >= (startTime ?? 0) && openTime <= (endTime ?? Infinity),
  );
  return startTime === undefined ? bars.slice(-limitOf(query)) : bars.slice(0, limitOf(query));
}

function exchangeInfo(query: URLSearchParams, { markets, now, weightPerMinute }: RouteContext): object {
  const chosen = query.has('symbol') || query.has('symbols');
  const symbols = chosen ? [oneOrMany(query, markets, describe)].flat() : [...markets.values()].map(describe);
  return {
    timezone: 'UTC',
    serverTime: now(),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightPerMinute },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
    ],
    exchangeFilters: [],
    symbols,
  };
}

function describe({ symbol }: SymbolMarket): object {
  const quoteAsset =
    ['USDT', 'USDC', 'FDUSD', 'BTC', 'ETH'].find((asset) => symbol.endsWith(asset)) ?? symbol.slice(-3);
  return {
    symbol,
    status: 'TRADING',
    baseAsset: symbol.slice(0, -quoteAsset.length),
    baseAssetPrecision: 8,
    quoteAsset,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: '0.01000000',
        maxPrice: '1000000.00000000',
        tickSize: '0.01000000',
      },
      { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
  };
}

/** One object for `symbol`, an array for `symbols` (JSON) or for none. */
function oneOrMany(
  query: URLSearchParams,
  markets: ReadonlyMap<string, SymbolMarket>,
  read: (market: SymbolMarket) => object,
): object | object[] {
  const list = query.get('symbols');
  if (list !== null && query.has('symbol'))
    throw new RestError(-1128, 'Combination of optional parameters invalid.');
  if (query.has('symbol')) return read(marketOf(query, markets));
  if (list === null) return [...markets.values()].map(read);
  return symbolList(list).map((symbol) => read(marketOf(new URLSearchParams({ symbol }), markets)));
}

function symbolList(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((entry) => typeof entry === 'string')) return list;
  } catch {
    // falls through to the answer for both kinds of nonsense
  }
  throw new RestError(
    -1100,
    `Illegal characters found in parameter 'symbols'; legal range is '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$'.`,
  );
}

function marketOf(query: URLSearchParams, markets: ReadonlyMap<string, SymbolMarket>): SymbolMarket {
  const symbol = query.get('symbol') || mandatory('symbol');
  if (!/^[A-Z0-9-_.]{1,20}$/.test(symbol)) illegal('symbol', '^[A-Z0-9-_.]{1,20}$');
  const market = markets.get(symbol);
  if (!market) throw new RestError(-1121, 'Invalid symbol.');
  return market;
}

function integers<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): Partial<Record<Name, number>> {
  const found: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const text = query.get(name);
    if (text === null) continue;
    if (!/^\d{1,20}$/.test(text)) illegal(name, '^[0-9]{1,20}$');
    found[name] = Number(text);
  }
  return found;
}

function limitOf(query: URLSearchParams): number {
  const { limit = 500 } = integers(query, ['limit']);
  if (limit < 1) throw new RestError(-1130, "Data sent for parameter 'limit' is not valid.");
  return Math.min(limit, 1000);
}

function mandatory(name: string): never {
  throw new RestError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

function illegal(name: string, range: string): never {
  throw new RestError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`);
}

function between(trades: readonly Trade[], startTime = 0, endTime = Infinity): readonly Trade[] {
  const first = from(trades, (trade) => trade.time >= startTime);
  return endTime === Infinity ? first : first.filter((trade) => trade.time <= endTime);
}

/** The trades from the first that holds; ids and times only grow, so it is found by halving. */
function from(trades: readonly Trade[], holds: (trade: Trade) => boolean): readonly Trade[] {
  let low = 0;
  let high = trades.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(trades[middle]!)) high = middle;
    else low = middle + 1;
  }
  return trades.slice(low);
}

import type { BinanceCounters } from './binance-counters.ts';
import { readTrade, tradeId, type BinanceTrade } from './binance-frames.ts';

/** Rows of one page: the most that Binance gives. */
const PAGE = 1000;
/** Seconds to wait after a 429 or 418 that does not say how long. */
const DEFAULT_RETRY_AFTER = 60;

/** A row of history; one that cannot be read keeps its place without a trade. */
export interface HistoryRow {
  readonly id: number;
  readonly trade: BinanceTrade | null;
}

export interface HistoryPage {
  readonly rows: readonly HistoryRow[];
  /** Whether there may be more after it. */
  readonly full: boolean;
}

/** Binance did not answer, or not with trades; the message is a short phrase. */
export class HistoryError extends Error {}

/** The trades of the past, from `/api/v3/aggTrades`. */
export class BinanceHistory {
  private notBefore = 0;

  constructor(
    private readonly baseUrl: string,
    private readonly timeoutMs: number,
    private readonly counters: BinanceCounters,
  ) {}

  /** The page that begins with the first trade at or after this id. */
  async from(pair: string, id: number, signal: AbortSignal): Promise<HistoryPage> {
    return this.ask({ symbol: pair, fromId: String(id), limit: String(PAGE) }, signal);
  }

  /** The newest trade; none when the pair never traded. */
  async newest(pair: string, signal: AbortSignal): Promise<HistoryRow | undefined> {
    const { rows } = await this.ask({ symbol: pair, limit: '1' }, signal);
    return rows.at(-1);
  }

  /** The readable trades with `fromId <= id <= throughId`, ascending. */
  async between(
    pair: string,
    fromId: number,
    throughId: number,
    signal: AbortSignal,
  ): Promise<BinanceTrade[]> {
    const trades: BinanceTrade[] = [];
    for (let next = fromId; next <= throughId;) {
      const { rows, full } = await this.from(pair, next, signal);
      for (const { trade } of rows)
        if (trade && trade.id >= next && trade.id <= throughId) trades.push(trade);
      const last = rows.at(-1)?.id ?? -1;
      if (!full || last < next) break;
      next = last + 1;
    }
    return trades;
  }

  private async ask(query: Record<string, string>, signal: AbortSignal): Promise<HistoryPage> {
    // The limit is one for all symbols: who asks during a ban prolongs it.
    if (Date.now() < this.notBefore) throw new HistoryError('rate limit');
    this.counters.historyRequests += 1;
    try {
      const url = `${this.baseUrl}/api/v3/aggTrades?${new URLSearchParams(query).toString()}`;
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.timeoutMs)]),
      });
      const body: unknown = await response.json().catch(() => null);
      if (response.ok && Array.isArray(body)) return this.pageOf(body, Number(query['limit']));
      throw this.refusal(response, body);
    } catch (error) {
      if (!signal.aborted) this.counters.historyFailures += 1;
      throw error instanceof HistoryError ? error : new HistoryError(shortReason(error));
    }
  }

  private pageOf(body: readonly unknown[], limit: number): HistoryPage {
    const rows: HistoryRow[] = [];
    for (const row of body) {
      const id = tradeId(row);
      const trade = readTrade(row);
      if (typeof trade === 'string') this.counters.rejected[trade] += 1;
      if (id !== null) rows.push({ id, trade: typeof trade === 'string' ? null : trade });
    }
    return { rows, full: body.length >= limit };
  }

  private refusal(response: Response, body: unknown): HistoryError {
    const { msg } = (body ?? {}) as { msg?: unknown };
    const said = typeof msg === 'string' ? `: ${msg.slice(0, 80)}` : '';
    if (response.status !== 429 && response.status !== 418) {
      return new HistoryError(response.ok ? 'an answer without trades' : `HTTP ${response.status}${said}`);
    }
    const seconds = Number(response.headers.get('retry-after') ?? DEFAULT_RETRY_AFTER);
    this.notBefore = Date.now() + (Number.isFinite(seconds) ? seconds : DEFAULT_RETRY_AFTER) * 1000;
    return new HistoryError('rate limit');
  }
}

/** The shortest useful word for a network failure: its code where it has one. */
export function shortReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { code } = (error.cause ?? error) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}

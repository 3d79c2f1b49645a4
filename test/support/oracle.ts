import { toUnits } from './binance-server/fixed-point.ts';
import type { Trade } from './binance-server/trade.ts';

/**
 * The trade that an alert must fire at, found by looking at every trade in turn, in integers of 1e-8. It
 * shares no code with the engine. Null when no trade after the reference reaches the target.
 */
export function firstReaching(
  trades: readonly Trade[],
  symbol: string,
  alert: { readonly target: string; readonly referenceTradeId: number; readonly referencePrice: string },
): Trade | null {
  const target = toUnits(alert.target);
  const fromBelow = toUnits(alert.referencePrice) < target;
  for (const trade of trades) {
    if (trade.symbol !== symbol || trade.id <= alert.referenceTradeId) continue;
    const price = toUnits(trade.price);
    if (fromBelow ? price >= target : price <= target) return trade;
  }
  return null;
}

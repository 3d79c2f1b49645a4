import type { Config } from '#platform/config';
import { networkFault } from '#platform/services';
import { type Check, type Finding, ok, warn } from './finding.ts';

const advice =
  'Alerts on its symbols wait, and catch up with what was traded meanwhile. BINANCE_REST_URL names another address, MARKET_FEEDS other sources.';

/** The exchange that prices come from. Away it is no fault of this installation. */
export const market = ({ marketFeeds, binance }: Config): Check => ({
  subject: 'market',
  look: async () => {
    if (!marketFeeds.includes('binance'))
      return [ok(`nothing to reach: MARKET_FEEDS ${marketFeeds.join(', ')}`)];
    const { host } = new URL(binance.restUrl);
    const before = Date.now();
    try {
      const response = await fetch(`${binance.restUrl}/api/v3/time`, { signal: AbortSignal.timeout(5_000) });
      if (!response.ok) return [warn(`Binance at ${host} refuses us (${response.status})`, advice)];
      const { serverTime } = (await response.json()) as { serverTime: number };
      return [ok(`Binance at ${host} answers`), ...clock(serverTime, before)];
    } catch (error) {
      return [warn(`Binance at ${host} ${reasonOf(error)}`, advice)];
    }
  },
});

/** Trades carry the time of the exchange, and are compared with ours to tell how late they come. */
function clock(serverTime: number, before: number): Finding[] {
  const after = Date.now();
  const ahead = (serverTime - (before + after) / 2) / 1000;
  if (!(Math.abs(ahead) > 2 + (after - before) / 2000)) return [];
  const text = `the clock of this machine is ${Math.abs(ahead).toFixed(0)} s ${ahead > 0 ? 'behind' : 'ahead of'} that of Binance`;
  return [warn(text, 'Keep it set (NTP).')];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'cannot be asked';
  if (error.name === 'TimeoutError') return 'does not answer';
  return networkFault(error.cause ?? error)?.reason ?? 'gives no answer that can be understood';
}

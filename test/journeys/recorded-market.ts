import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { fromUnits, toUnits } from '../support/binance-server/fixed-point.ts';
import { readRecording } from '../support/binance-server/recording.ts';
import { type BinanceServer, startBinanceServer } from '../support/binance-server/server.ts';
import { shortSequence } from '../support/binance-server/short-sequence.ts';
import type { Trade } from '../support/binance-server/trade.ts';
import {
  type Alert,
  createAlert,
  getAlert,
  getAlertHistory,
  getQuote,
  listAlerts,
} from '../support/client/index.ts';
import type { Mail } from '../support/inbox.ts';
import { Installation } from '../support/installation.ts';
import { firstReaching } from '../support/oracle.ts';
import { newPerson, type Person } from '../support/person.ts';

const recording = fileURLToPath(
  new URL(
    '../../../shared/data/ws/binance-spot/trades_btcusdt_ethusdt_20240808T2354-20240809T0005.jsonl.gz',
    import.meta.url,
  ),
);
export const recorded = existsSync(recording);
const pairs = { 'BTC-USD': 'BTCUSDT', 'ETH-USD': 'ETHUSDT' } as const;
const alertsPerSide = 8;

/** As the API writes decimals: without trailing zeros. */
const plain = (units: bigint): string => fromUnits(units).replace(/\.?0+$/, '');

/** An installation that follows the recorded trades of two coins, and somebody with alerts on them. */
export class RecordedMarket {
  private constructor(
    readonly trades: readonly Trade[],
    readonly exchange: BinanceServer,
    readonly installation: Installation,
    readonly ada: Person,
  ) {}

  /**
   * The exchange waits; workers are the caller's to start. The recording lasts eleven minutes, and at the usual
   * speed less than five seconds.
   */
  static async start(speed = 150, ground: { readonly ownPostgres?: boolean } = {}): Promise<RecordedMarket> {
    const trades = recorded ? await readRecording(recording) : shortSequence();
    const exchange = await startBinanceServer({ trades, speed: recorded ? speed : 20 });
    const variables = {
      MARKET_FEEDS: 'binance',
      MARKET_SYMBOLS: Object.keys(pairs).join(','),
      BINANCE_WS_URL: exchange.wsUrl,
      BINANCE_REST_URL: exchange.restUrl,
    };
    const installation = await Installation.start(variables, ground);
    const ada = await newPerson(installation.urls, 'ada@example.org');
    return new RecordedMarket(trades, exchange, installation, ada);
  }

  async stop(): Promise<void> {
    await this.installation.stop();
    await this.exchange.close();
  }

  /** Resolves once this part of the recording, from 0 to 1, has been traded. */
  async played(part: number): Promise<void> {
    await vi.waitFor(() => expect(this.exchange.stats.played).toBeGreaterThan(this.trades.length * part), {
      timeout: 60_000,
    });
  }

  /** Alerts spread over the range that is still to be traded, and one on each side beyond it. */
  async alertsAboveAndBelow(): Promise<Alert[]> {
    while (Object.values(pairs).some((pair) => this.exchange.playedThrough(pair) === null))
      this.exchange.advance();
    const alerts: Alert[] = [];
    for (const [symbol, pair] of Object.entries(pairs)) {
      await vi.waitFor(
        async () => expect((await getQuote({ ...this.ada, path: { symbol } })).data?.price).toBeTruthy(),
        {
          timeout: 30_000,
          interval: 100,
        },
      );
      for (const target of this.targetsFor(pair)) {
        const body = { symbol, target, note: `note of ${symbol} at ${target}` };
        const { data } = await createAlert({ ...this.ada, body, throwOnError: true });
        alerts.push(data);
      }
    }
    return alerts;
  }

  private targetsFor(pair: string): string[] {
    const own = this.trades.filter(({ symbol }) => symbol === pair);
    const prices = own.map(({ price }) => toUnits(price));
    const [first = 0n] = prices;
    const highest = prices.reduce((high, price) => (price > high ? price : high));
    const lowest = prices.reduce((low, price) => (price < low ? price : low));
    const steps = Array.from({ length: alertsPerSide }, (_, step) => BigInt(step + 1));
    const count = BigInt(alertsPerSide);
    return [
      ...steps.map((step) => first + ((highest - first) * step) / count),
      ...steps.map((step) => first - ((first - lowest) * step) / count),
      highest + toUnits('1'),
      lowest - toUnits('1'),
    ]
      .filter((target) => target !== first)
      .map(plain);
  }
}

/** The alert with its reference, which the engine sets when there was no trade yet at its creation. */
async function anchored({ ada }: RecordedMarket, { id }: Alert): Promise<Alert> {
  return vi.waitFor(
    async () => {
      const { data } = await getAlert({ ...ada, path: { id }, throwOnError: true });
      expect(data.referenceTradeId).not.toBeNull();
      return data;
    },
    { timeout: 30_000, interval: 100 },
  );
}

/** Every alert that was reached fired once, on the right trade, and mailed once. */
export async function expectEachFiredAsTheOracleSays(
  market: RecordedMarket,
  alerts: readonly Alert[],
  inbox: () => Promise<Mail[]> = () => market.installation.mails(),
): Promise<void> {
  const { ada } = market;
  const expected = (await Promise.all(alerts.map((alert) => anchored(market, alert)))).map((alert) => ({
    alert,
    trade: firstReaching(market.trades, pairs[alert.symbol as keyof typeof pairs], {
      target: alert.condition.value,
      referenceTradeId: alert.referenceTradeId ?? Number.NaN,
      referencePrice: alert.referencePrice ?? '',
    }),
  }));
  const due = expected.filter(({ trade }) => trade !== null);
  expect(due.length).toBeGreaterThan(alertsPerSide * 2);
  expect(due.length).toBeLessThan(alerts.length);

  await vi.waitFor(
    async () => {
      const query = { status: 'triggered', per_page: 1 };
      expect((await listAlerts({ ...ada, query, throwOnError: true })).data.total).toBe(due.length);
      expect(await inbox()).toHaveLength(due.length);
    },
    // A job that was lost with its Redis or its Postgres comes back a minute later.
    { timeout: 100_000, interval: 200 },
  );
  const mails = await inbox();
  for (const { alert, trade } of expected) {
    const { data: now } = await getAlert({ ...ada, path: { id: alert.id }, throwOnError: true });
    const { data: history } = await getAlertHistory({
      ...ada,
      path: { id: alert.id },
      throwOnError: true,
    });
    const seen = {
      status: now.status,
      price: now.triggeredPrice,
      receipts: history.items.flatMap(({ receipt }) => receipt ?? []),
      mails: mails.filter(({ text }) =>
        text.includes(`note of ${alert.symbol} at ${alert.condition.value}\n`),
      ),
    };
    expect(seen).toMatchObject(
      trade ? firedAt(trade, ada.email) : { status: 'active', price: null, receipts: [], mails: [] },
    );
  }
}

/** What must be seen of an alert that fired: one receipt that names the trade, and one mail that names it too. */
function firedAt({ id, price }: Trade, address: string) {
  return {
    status: 'triggered',
    price: plain(toUnits(price)),
    receipts: [
      {
        crossing: { source: 'binance', tradeId: id },
        previous: { source: 'binance', tradeId: id - 1 },
        notificationId: expect.any(String),
      },
    ],
    mails: [{ to: [address], text: expect.stringContaining(String(id)) }],
  };
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
import { Installation } from '../support/installation.ts';
import { firstReaching } from '../support/oracle.ts';
import { newPerson, type Person } from '../support/person.ts';

const recording = fileURLToPath(
  new URL(
    '../../../shared/data/ws/binance-spot/trades_btcusdt_ethusdt_20240808T2354-20240809T0005.jsonl.gz',
    import.meta.url,
  ),
);
const recorded = existsSync(recording);
const pairs = { 'BTC-USD': 'BTCUSDT', 'ETH-USD': 'ETHUSDT' } as const;
const alertsPerSide = 8;

/** As the API writes decimals: without trailing zeros. */
const plain = (units: bigint): string => fromUnits(units).replace(/\.?0+$/, '');

describe(`alerts on ${recorded ? 'recorded trades' : 'our own short sequence (no ../shared/data here)'}`, () => {
  let trades: Trade[];
  let exchange: BinanceServer;
  let installation: Installation;
  let ada: Person;

  beforeEach(async () => {
    trades = recorded ? await readRecording(recording) : shortSequence();
    // The recording lasts eleven minutes; at this speed it is over in less than five seconds.
    exchange = await startBinanceServer({ trades, speed: recorded ? 150 : 20 });
    installation = await Installation.start({
      MARKET_FEEDS: 'binance',
      MARKET_SYMBOLS: Object.keys(pairs).join(','),
      BINANCE_WS_URL: exchange.wsUrl,
      BINANCE_REST_URL: exchange.restUrl,
    });
    ada = await newPerson(installation.urls, 'ada@example.org');
  });

  afterEach(async () => {
    await installation.stop();
    await exchange.close();
  });

  it(
    'fire once each, at the trade that an independent look at the recording names',
    { timeout: 90_000 },
    async () => {
      installation.worker('market');
      installation.worker('relay', 'delivery', 'schedule');
      const alerts = await alertsAboveAndBelow();
      exchange.start();
      await exchange.finished;
      await expectEachFiredAsTheOracleSays(alerts);
    },
  );

  it('fire the same when the market process is killed in the middle', { timeout: 90_000 }, async () => {
    const market = installation.worker('market');
    installation.worker('relay', 'delivery', 'schedule');
    const alerts = await alertsAboveAndBelow();
    exchange.start();
    await vi.waitFor(() => expect(exchange.stats.played).toBeGreaterThan(trades.length / 3), {
      timeout: 60_000,
    });
    await installation.kill(market);
    await vi.waitFor(() => expect(exchange.stats.played).toBeGreaterThan(trades.length / 2), {
      timeout: 60_000,
    });
    installation.worker('market');
    await exchange.finished;
    await expectEachFiredAsTheOracleSays(alerts);
  });

  /** Alerts spread over the range that is still to be traded, and one on each side beyond it. */
  async function alertsAboveAndBelow(): Promise<Alert[]> {
    while (Object.values(pairs).some((pair) => exchange.playedThrough(pair) === null)) exchange.advance();
    const alerts: Alert[] = [];
    for (const [symbol, pair] of Object.entries(pairs)) {
      await vi.waitFor(
        async () => expect((await getQuote({ ...ada, path: { symbol } })).data?.price).toBeTruthy(),
        {
          timeout: 30_000,
          interval: 100,
        },
      );
      for (const target of targetsFor(pair)) {
        const body = { symbol, target, note: `note of ${symbol} at ${target}` };
        const { data } = await createAlert({ ...ada, body, throwOnError: true });
        alerts.push(data);
      }
    }
    return alerts;
  }

  function targetsFor(pair: string): string[] {
    const own = trades.filter(({ symbol }) => symbol === pair);
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

  /** The alert with its reference, which the engine sets when there was no trade yet at its creation. */
  async function anchored({ id }: Alert): Promise<Alert> {
    return vi.waitFor(async () => {
      const { data } = await getAlert({ ...ada, path: { id }, throwOnError: true });
      expect(data.referenceTradeId).not.toBeNull();
      return data;
    });
  }

  async function expectEachFiredAsTheOracleSays(alerts: readonly Alert[]): Promise<void> {
    const expected = (await Promise.all(alerts.map(anchored))).map((alert) => ({
      alert,
      trade: firstReaching(trades, pairs[alert.symbol as keyof typeof pairs], {
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
        expect(await installation.mails()).toHaveLength(due.length);
      },
      { timeout: 30_000, interval: 200 },
    );
    const mails = await installation.mails();
    for (const { alert, trade } of expected) {
      const { data: now } = await getAlert({ ...ada, path: { id: alert.id }, throwOnError: true });
      const { data: history } = await getAlertHistory({ ...ada, path: { id: alert.id }, throwOnError: true });
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
});

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

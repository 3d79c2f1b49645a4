import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackgroundLoad } from '../support/background-load.ts';
import { listNotifications } from '../support/client/index.ts';
import { expectEachFiredAsTheOracleSays, RecordedMarket } from './recorded-market.ts';

describe('a Redis that is killed, started empty, emptied and held up while alerts fire', () => {
  let market: RecordedMarket;

  beforeEach(async () => {
    market = await RecordedMarket.start(50);
  });
  afterEach(() => market.stop());

  it('leaves no request without its answer, nothing owed unsent, and nothing sent twice', async () => {
    const { installation, exchange, ada } = market;
    installation.worker();
    installation.worker();
    const alerts = await market.alertsAboveAndBelow();
    const load = new BackgroundLoad(ada);
    exchange.start();
    await market.played(0.15);
    await installation.redis.stop('SIGKILL');
    await market.played(0.35);
    await installation.redis.start();
    await market.played(0.5);
    expect(await installation.redis.command('flushall')).toBe('+OK');
    await market.played(0.65);
    installation.redis.hold();
    await market.played(0.85);
    installation.redis.resume();
    await exchange.finished;
    await expectEachFiredAsTheOracleSays(market, alerts);

    const { statuses, created } = await load.stop();
    process.stdout.write(`Answers while Redis came and went: ${JSON.stringify(statuses)}\n`);
    expect(Object.keys(statuses).sort()).toEqual(['200', '201']);
    const query = { kind: 'manual', per_page: 1 };
    const { data } = await listNotifications({ ...ada, query, throwOnError: true });
    expect(data.total).toBe(created.length);
  });
});

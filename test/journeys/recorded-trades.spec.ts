import { afterEach, beforeEach, describe, it } from 'vitest';
import { expectEachFiredAsTheOracleSays, recorded, RecordedMarket } from './recorded-market.ts';

describe(`alerts on ${recorded ? 'recorded trades' : 'our own short sequence (no ../shared/data here)'}`, () => {
  let market: RecordedMarket;

  beforeEach(async () => {
    market = await RecordedMarket.start();
  });
  afterEach(() => market.stop());

  it(
    'fire once each, at the trade that an independent look at the recording names',
    { timeout: 90_000 },
    async () => {
      const { installation, exchange } = market;
      installation.worker('market');
      installation.worker('relay', 'delivery', 'schedule');
      const alerts = await market.alertsAboveAndBelow();
      exchange.start();
      await exchange.finished;
      await expectEachFiredAsTheOracleSays(market, alerts);
    },
  );

  it('fire the same when the market process is killed in the middle', { timeout: 90_000 }, async () => {
    const { installation, exchange } = market;
    const worker = installation.worker('market');
    installation.worker('relay', 'delivery', 'schedule');
    const alerts = await market.alertsAboveAndBelow();
    exchange.start();
    await market.played(1 / 3);
    await installation.kill(worker);
    await market.played(1 / 2);
    installation.worker('market');
    await exchange.finished;
    await expectEachFiredAsTheOracleSays(market, alerts);
  });
});

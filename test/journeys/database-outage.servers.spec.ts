import { describe, expect, it } from 'vitest';
import { Installation } from '../support/installation.ts';
import { expectToOutlast, type Outage, outages } from './database-outage.ts';

describe('a Postgres that is stopped, killed and held up while alerts fire', () => {
  it('costs 503s for as long as it is away, and nothing else', { timeout: 240_000 }, async () => {
    await expectToOutlast(['a fast shutdown', 'a crash', 'silence'], 2, 50);
  });

  it.each(Object.keys(outages) as Outage[])('lets everybody end in order after %s', async (kind) => {
    const installation = await Installation.start({ MARKET_FEEDS: 'simulated' }, { ownPostgres: true });
    installation.worker();
    await expect.poll(() => installation.output, { timeout: 60_000 }).toContain('Watching 0 active alerts');
    await outages[kind][0](installation.postgres);
    const began = performance.now();
    await installation.stop();
    process.stdout.write(`All ended ${((performance.now() - began) / 1000).toFixed(1)} s after ${kind}.\n`);
  });
});

import { describe, expect, it } from 'vitest';
import { Installation } from '../support/installation.ts';
import { expectToOutlast, type Outage, outages } from './database-outage.ts';

const kinds = Object.keys(outages) as Outage[];

describe('twenty seconds without Postgres under load', () => {
  it.each(kinds)('after %s cost 503s, and nothing else', { timeout: 300_000 }, async (kind) => {
    await expectToOutlast([kind], 20, 20);
  });
});

describe('an installation without Postgres', () => {
  it.each(kinds)('ends in order after %s', async (kind) => {
    const installation = await Installation.start({ MARKET_FEEDS: 'simulated' }, { ownPostgres: true });
    installation.worker();
    await expect.poll(() => installation.output, { timeout: 60_000 }).toContain('Watching 0 active alerts');
    await outages[kind][0](installation.postgres);
    const began = performance.now();
    await installation.stop();
    process.stdout.write(`All ended ${((performance.now() - began) / 1000).toFixed(1)} s after ${kind}.\n`);
  });
});

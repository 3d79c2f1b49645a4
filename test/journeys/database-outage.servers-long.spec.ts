import { describe, it } from 'vitest';
import { expectToOutlast, type Outage, outages } from './database-outage.ts';

describe('twenty seconds without Postgres under load', () => {
  it.each(Object.keys(outages) as Outage[])(
    'after %s cost 503s, and nothing else',
    { timeout: 300_000 },
    async (kind) => {
      await expectToOutlast([kind], 20, 20);
    },
  );
});

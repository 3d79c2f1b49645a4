import { describe, it } from 'vitest';
import { expectToOutlast } from './database-outage.ts';

describe('a Postgres that is stopped, killed and held up while alerts fire', () => {
  it('costs 503s for as long as it is away, and nothing else', { timeout: 240_000 }, async () => {
    await expectToOutlast(['a fast shutdown', 'a crash', 'silence'], 2, 50);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../support/installation.ts';
import { linesThatTell } from '../support/told-secrets.ts';
import { liveWithAnAccount } from './account.ts';

/** Each request goes to the other api than the one before. */
describe('an account on two apis and two workers', () => {
  let installation: Installation;
  let queued: () => string;

  beforeAll(async () => {
    installation = await Installation.start({
      EMAIL_VERIFICATION: 'required',
      MARKET_FEEDS: 'none',
      LOG_LEVEL: 'trace',
    });
    queued = await installation.redis.monitor();
    installation.worker();
    installation.worker();
  });
  afterAll(() => installation.stop());

  const canaries = liveWithAnAccount(() => installation);

  it('puts no address, password or token into a job, or anything else that Redis was sent', () => {
    const sent = queued();
    expect(sent).toContain('bull:deliveries:');
    expect(linesThatTell(sent)).toEqual([]);
    for (const canary of canaries()) expect(sent).not.toContain(canary);
  });
});

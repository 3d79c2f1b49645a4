import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logIn, setUp } from '../support/client/index.ts';
import { Installation } from '../support/installation.ts';
import { clientOf } from '../support/person.ts';
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

  it('has a first administrator by the link that one of the apis printed', async () => {
    const links = [
      ...installation.output.matchAll(/^There is no administrator\. .*\/account\/setup#token=(\S+)$/gm),
    ];
    expect(links).toHaveLength(2);
    const own = { client: clientOf(installation.urls), throwOnError: true } as const;
    const account = { email: 'ada@example.org', password: 'correct horse battery' };
    const { data: admin } = await setUp({ ...own, body: { ...account, token: links[0]?.[1] ?? '' } });
    expect(admin).toMatchObject({ email: account.email, role: 'admin', emailVerified: true });
    await logIn({ ...own, body: account });
  });

  const canaries = liveWithAnAccount(() => installation);

  it('puts no address, password or token into a job, or anything else that Redis was sent', () => {
    const sent = queued();
    expect(sent).toContain('bull:deliveries:');
    expect(linesThatTell(sent)).toEqual([]);
    for (const canary of canaries()) expect(sent).not.toContain(canary);
  });
});

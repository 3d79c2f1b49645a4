import { afterAll, beforeAll, describe } from 'vitest';
import { Installation } from '../support/installation.ts';
import { liveWithAnAccount } from './account.ts';

describe('an account where addresses are confirmed', () => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await Installation.start({
      EMAIL_VERIFICATION: 'required',
      MARKET_FEEDS: 'none',
      LOG_LEVEL: 'trace',
    });
    installation.worker();
  });
  afterAll(() => installation.stop());

  liveWithAnAccount(() => installation);
});

import { afterAll, beforeAll, describe } from 'vitest';
import { Installation } from '../support/installation.ts';
import { type Person, returning } from '../support/person.ts';
import { firstAlert } from './first-alert.ts';

/** Each request goes to the other api than the one before. */
describe('two apis and two workers on Postgres and Redis', () => {
  let installation: Installation;
  let ada: Person;

  beforeAll(async () => {
    installation = await Installation.start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'DEMO-USD' });
    installation.worker();
    installation.worker();
    const password = await installation.createAdmin('ada@example.org');
    ada = await returning(installation.urls, 'ada@example.org', password);
  });
  afterAll(() => installation.stop());

  firstAlert(() => ({ ada, inbox: installation.inboxUrl }));
});

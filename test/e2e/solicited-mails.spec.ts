import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountMails, type WaitingMail } from '../support/account-mails.ts';
import { type Api, startApi } from '../support/api.ts';
import { scaled } from '../support/scale.ts';

const calls = scaled(100, 10_000);
const atOnce = 50;
const words = { password: 'buy my horse battery', name: 'Buy my coin at evil.example' };

describe(
  `${calls.toLocaleString('en')} calls for one address`,
  { timeout: scaled(60_000, 1_800_000) },
  () => {
    let api: Api;
    beforeAll(async () => {
      // The limits of requests would refuse most of them; this is what is left without.
      api = await startApi(inject('postgresUrl'), { EMAIL_VERIFICATION: 'required', RATE_LIMIT: 'off' });
    });
    afterAll(() => api.close());

    /** Every call, as many at once as the api would let through, in turn registering and asking once more. */
    async function ask(email: string, routes: readonly string[]): Promise<Set<number>> {
      const statuses = new Set<number>();
      let left = calls;
      const caller = async () => {
        while (left > 0) {
          left -= 1;
          const route = routes[left % routes.length];
          const body = route === 'register' ? { email, ...words } : { email };
          statuses.add((await api.call({ method: 'POST', url: `/v1/auth/${route}`, body })).status);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, caller));
      return statuses;
    }

    const holdsWordsOf = (mail: WaitingMail): boolean =>
      [mail.subject, mail.text, mail.html].some((part) => /horse|Buy my|evil\.example/.test(part));

    it('that is unknown send it three mails, none with a word of whoever called', async () => {
      const email = 'victim@example.org';
      const statuses = await ask(email, ['register', 'resend-verification']);
      expect([...statuses].toSorted((a, b) => a - b)).toEqual([201, 202]);
      const mails = await accountMails(api, email);
      expect(mails).toHaveLength(3);
      expect(mails.filter(holdsWordsOf)).toEqual([]);
    });

    it('that has an account send its owner three mails, and three more for forgotten passwords', async () => {
      const { email } = await api.person('user', 'owner@example.org');
      await ask(email, ['register', 'resend-verification', 'forgot-password']);
      const mails = await accountMails(api, email);
      const subjects = Object.groupBy(mails, ({ subject }) => subject);
      expect(
        Object.fromEntries(Object.entries(subjects).map(([subject, all]) => [subject, all?.length])),
      ).toEqual({
        'You have an account already': 3,
        'Set a new password': 3,
      });
      expect(mails.filter(holdsWordsOf)).toEqual([]);
    });
  },
);

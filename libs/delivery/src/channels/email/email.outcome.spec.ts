import { describe, expect, it } from 'vitest';
import { outcomeOf, type Told } from './email.outcome.ts';

type Case = [what: string, told: Told & { responseCode?: number }, ended: boolean, kind: string];

/** Errors as nodemailer 10 reports them, stage by stage. */
const cases: Case[] = [
  ['a name that does not resolve', { code: 'EDNS', command: 'CONN' }, false, 'refused'],
  ['a refused connection', { code: 'ESOCKET', command: 'CONN' }, false, 'refused'],
  ['a connection that takes too long', { code: 'ETIMEDOUT', command: 'CONN' }, false, 'refused'],
  ['a greeting of 554', { code: 'EPROTOCOL', command: 'CONN', responseCode: 554 }, false, 'refused'],
  ['a greeting of 421', { code: 'EPROTOCOL', command: 'CONN', responseCode: 421 }, false, 'refused'],
  ['EHLO refused', { code: 'EPROTOCOL', command: 'HELO', responseCode: 502 }, false, 'refused'],
  ['STARTTLS failing', { code: 'ETLS', command: 'STARTTLS' }, false, 'refused'],
  ['a wrong password', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, false, 'refused'],
  ['MAIL deferred', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 451 }, false, 'refused'],
  ['MAIL refused for good', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550 }, false, 'failed'],
  ['RCPT greylisted', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450 }, false, 'refused'],
  ['RCPT refused for good', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }, false, 'failed'],
  ['DATA deferred', { code: 'EENVELOPE', command: 'DATA', responseCode: 421 }, false, 'refused'],
  ['DATA refused for good', { code: 'EENVELOPE', command: 'DATA', responseCode: 554 }, false, 'failed'],
  ['commands out of step', { code: 'EENVELOPE', command: 'DATA', responseCode: 503 }, false, 'refused'],
  ['the connection lost before the body', { code: 'ECONNECTION', command: 'CONN' }, false, 'refused'],
  ['the connection lost during the body', { code: 'ECONNECTION', command: 'CONN' }, true, 'ambiguous'],
  ['a reset during the body', { code: 'ESOCKET', command: 'CONN' }, true, 'ambiguous'],
  ['silence after the final dot', { code: 'ETIMEDOUT', command: 'CONN' }, true, 'ambiguous'],
  [
    'the message deferred after its dot',
    { code: 'EMESSAGE', command: 'DATA', responseCode: 452 },
    true,
    'refused',
  ],
  [
    'the message refused after its dot',
    { code: 'EMESSAGE', command: 'DATA', responseCode: 554 },
    true,
    'failed',
  ],
  ['nonsense after the dot', { code: 'EMESSAGE', command: 'DATA' }, true, 'ambiguous'],
  ['another 354 after the dot', { code: 'EMESSAGE', command: 'DATA', responseCode: 354 }, true, 'ambiguous'],
  [
    'an answer nobody asked for',
    { code: 'EPROTOCOL', command: 'CONN', responseCode: 250 },
    true,
    'ambiguous',
  ],
  ['a 421 during the body', { code: 'ECONNECTION', command: 'CONN', responseCode: 421 }, true, 'refused'],
  ['a message over the size limit', { code: 'EMESSAGE', command: 'MAIL FROM' }, false, 'failed'],
  ['an address nodemailer refuses', { code: 'EENVELOPE', command: 'API' }, false, 'failed'],
  ['broken off before the body', { code: 'EABORT' }, false, 'refused'],
  ['broken off during the body', { code: 'EABORT' }, true, 'ambiguous'],
  ['a closed pool', { code: 'ECONNECTION' }, false, 'refused'],
  ['an error nobody expects', {}, true, 'ambiguous'],
];

describe('the outcome of a hand-over that failed', () => {
  it.each(cases)('%s', (_what, { responseCode, ...told }, ended, kind) => {
    const response = responseCode && { response: `${responseCode} no` };
    expect(outcomeOf({ message: 'no', ...told, ...response }, ended).kind).toBe(kind);
  });

  it('carries the code and the words of the server, or what nodemailer says', () => {
    const answered = Object.assign(new Error('Recipient command failed: 550 5.1.1 nobody'), {
      code: 'EENVELOPE',
      responseCode: 550,
      response: '550 5.1.1 nobody',
    });
    expect(outcomeOf(answered, false)).toMatchObject({ code: '550', response: '550 5.1.1 nobody' });
    const silent = Object.assign(new Error('Timeout'), { code: 'ETIMEDOUT' });
    expect(outcomeOf(silent, true)).toMatchObject({ code: 'ETIMEDOUT', response: 'Timeout' });
  });
});

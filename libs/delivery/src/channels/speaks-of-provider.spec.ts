import { describe, expect, it } from 'vitest';
import type { Outcome } from './channel.ts';
import { speaksOfProvider } from './speaks-of-provider.ts';

const cases: [what: string, kind: Outcome['kind'], code: string | null, expected: boolean][] = [
  ['a name that does not resolve', 'refused', 'EDNS', true],
  ['a refused connection', 'refused', 'ESOCKET', true],
  ['a connection that takes too long', 'refused', 'ETIMEDOUT', true],
  ['a greeting of 554', 'refused', '554', true],
  ['STARTTLS failing', 'refused', 'ETLS', true],
  ['a wrong password', 'refused', '535', true],
  ['silence after the final dot', 'ambiguous', 'ETIMEDOUT', true],
  ['a connection lost during the body', 'ambiguous', 'ECONNECTION', true],
  ['an acceptance', 'accepted', '250', false],
  ['a recipient that does not exist', 'failed', '550', false],
  ['a mailbox that is full', 'refused', '452', false],
  ['nonsense after the dot', 'ambiguous', '354', false],
  ['a message that we would not send', 'failed', 'invalid-message', false],
  ['a hand-over that we broke off', 'ambiguous', 'EABORT', false],
  ['one that never began', 'refused', 'not-handed-over', false],
];

describe('an outcome that speaks of the provider', () => {
  it.each(cases)('%s', (_what, kind, code, expected) => {
    const outcome = { kind, code, pause: false };
    expect(speaksOfProvider(outcome)).toBe(expected);
  });

  it('is not one that asks to wait: that pauses everybody', () => {
    const outcome = { kind: 'refused' as const, code: '421', pause: true };
    expect(speaksOfProvider(outcome)).toBe(false);
    expect(speaksOfProvider({ ...outcome, code: '554' })).toBe(false);
  });
});

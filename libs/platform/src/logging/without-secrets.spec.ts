import { describe, expect, it } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

describe('a text without secrets', () => {
  it.each([
    ['mail to ada@example.org was refused', 'mail to [redacted] was refused'],
    ['550 <ada+tag@example.org>: no such user', '550 [redacted] no such user'],
    ['connect postgres://tocsin:hush@db:5432/tocsin', 'connect postgres://[redacted]/tocsin'],
    ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!', 'Bearer [redacted]!'],
    [
      `curl -H "Authorization: Bearer tocsin_${'aB3-_'.repeat(8)}xyz"`,
      'curl -H "Authorization: Bearer [redacted]"',
    ],
  ])('hides what %s holds', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
  });

  it('leaves the places of a stack alone', () => {
    const stack = 'at run (file:///app/node_modules/@nestjs/core/router.js:12:3)';
    expect(withoutSecrets(stack)).toBe(stack);
  });
});

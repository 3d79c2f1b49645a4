import { describe, expect, it } from 'vitest';
import { linesThatTell } from './told-secrets.ts';

const token = 'Zq3vA-b_8cD9eF0gH1iJ2kL3mN4oP5qR6sT7uV8wX9y';

describe('a line that is printed', () => {
  it.each([
    ['an address', 'cannot mail to ada@example.org: refused'],
    ['an address with a name', '{"to":"Ada <ada@example.org>"}'],
    ['a password', 'tried "correct horse battery staple"'],
    ['an access token', 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'],
    ['an API key', `key tocsin_${token}`],
    ['a mailed token', `GET /account/verify-email?token=${token}`],
    ['a refresh token', `{"refreshToken":"${token}"}`],
  ])('tells %s', (_, line) => {
    expect(linesThatTell(`before\n${line}\nafter`)).toEqual([line]);
  });

  it.each([
    ['an id', '{"req":{"id":"01994f3c-0000-7000-8000-000000000001"}}'],
    ['a path of a package', 'at node_modules/@nestjs/core/router/router-execution-context.js:38'],
    ['the setup link', `http://localhost:3000/account/setup#token=${token}`],
    ['the demo account', '│ Demo account  demo@tocsin.localhost  MoKtu7HsDThD   │'],
    ['a checksum', `sha256:${'0123456789abcdef'.repeat(4)}`],
  ])('may tell %s', (_, line) => {
    expect(linesThatTell(line)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { assertPasswordAllowed, commonPasswords } from './allowed-passwords.ts';

const email = 'Ada.Lovelace@Example.org';

describe('a new password', () => {
  it.each([
    ['common', 'password1'],
    ['common in any case', 'PassWord1'],
    ['common in wide letters', '\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44'],
    ['a walk over the keyboard', '1qaz2wsx'],
    ['the address', 'ada.lovelace@example.org'],
    ['the name in the address', 'ada.lovelace'],
    ['the name in the address in any case', 'ADA.lovelace'],
    ['the name in the address with a number', 'ada.lovelace1815!'],
    ['the name of this program', 'Tocsin2026'],
    ['one character', 'ä'.repeat(12)],
    ['one character of two halves', '🐎'.repeat(8)],
  ])('is refused when it is %s', async (_, password) => {
    await expect(assertPasswordAllowed(password, email, '/newPassword')).rejects.toMatchObject({
      kind: 'invalid',
      code: 'identity.password-common',
      faults: [{ pointer: '/newPassword', detail: expect.stringMatching(/^Choose another password: .+\.$/) }],
    });
  });

  it.each([
    'correct horse',
    'correct horse battery',
    'correct horse battery staple',
    'ada.lovelace and a horse',
    'пароль лошади',
    '密码一二三四五六',
    '        x',
    '84736251940',
  ])('need not be composed of anything: %s', async (password) => {
    await expect(assertPasswordAllowed(password, email)).resolves.toBeUndefined();
  });

  it('is held against at least the 3,000 most common ones that are long enough', async () => {
    const longEnough = [...(await commonPasswords())].filter((password) => Array.from(password).length >= 8);
    expect(longEnough.length).toBeGreaterThan(15_000);
    for (const password of longEnough) expect(password).toBe(password.normalize('NFKC').toLowerCase());
  });
});

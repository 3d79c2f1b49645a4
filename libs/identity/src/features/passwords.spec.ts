import { setImmediate } from 'node:timers/promises';
import argon2 from 'argon2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashPassword, passwordFits } from './passwords.ts';

vi.mock('argon2', { spy: true });

const password = 'correct horse battery staple';

describe('the hash of a password', () => {
  it('costs at least what OWASP asks for, with a salt of its own', async () => {
    const one = await hashPassword(password);
    const [, name, version, cost = '', salt = '', digest = ''] = one.split('$');
    expect([name, version]).toEqual(['argon2id', 'v=19']);
    const { m, t, p } = Object.fromEntries(new URLSearchParams(cost.replaceAll(',', '&')));
    expect(Number(m)).toBeGreaterThanOrEqual(19_456);
    expect(Number(t)).toBeGreaterThanOrEqual(2);
    expect(Number(p)).toBe(1);
    expect(Buffer.from(salt, 'base64').length).toBeGreaterThanOrEqual(16);
    expect(Buffer.from(digest, 'base64').length).toBeGreaterThanOrEqual(32);
    expect(await hashPassword(password)).not.toBe(one);
  });

  it('fits that password to its last character, and no other', async () => {
    const long = `${'ä'.repeat(255)}a`;
    const hashed = await hashPassword(long);
    expect(await passwordFits(hashed, long)).toBe(true);
    expect(await passwordFits(hashed, `${long.slice(0, -1)}b`)).toBe(false);
    expect(await passwordFits(hashed, long.slice(0, -1))).toBe(false);
  });

  it('fits from any keyboard, and so does one of an older version from the same keyboard', async () => {
    const composed = 'caf\u00e9 cr\u00e8me';
    const decomposed = composed.normalize('NFD');
    expect(await passwordFits(await hashPassword(composed), decomposed)).toBe(true);
    expect(await passwordFits(await hashPassword(decomposed), composed)).toBe(true);
    expect(await passwordFits(await argon2.hash(decomposed), decomposed)).toBe(true);
  });
});

describe('without a hash to verify', () => {
  beforeEach(() => void vi.mocked(argon2.verify).mockClear());

  it.each([undefined, null])('nothing fits, after the same work: %s', async (missing) => {
    await passwordFits(await hashPassword(password), 'incorrect horse');
    for (const tried of ['incorrect horse', 'nobody has this password']) {
      expect(await passwordFits(missing, tried)).toBe(false);
    }
    const costs = vi.mocked(argon2.verify).mock.calls.map(([hashed]) => hashed.split('$').slice(0, 4));
    expect(costs).toHaveLength(3);
    expect(new Set(costs.map(String)).size).toBe(1);
  });
});

describe('a flood of logins', () => {
  afterEach(() => void vi.mocked(argon2.verify).mockReset());

  it('is worked off two at a time', async () => {
    const hashed = await hashPassword(password);
    let running = 0;
    let most = 0;
    vi.mocked(argon2.verify).mockImplementation(async () => {
      most = Math.max(most, (running += 1));
      await setImmediate();
      running -= 1;
      return true;
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => passwordFits(hashed, password)));
    expect(new Set(answers)).toEqual(new Set([true]));
    expect(most).toBe(2);
  });

  it('is turned away where a thousand wait, and nobody is once they are served', async () => {
    const hashed = await hashPassword(password);
    const held = Promise.withResolvers<boolean>();
    vi.mocked(argon2.verify).mockImplementation(() => held.promise);
    const served = Array.from({ length: 1_002 }, () => passwordFits(hashed, password));
    await vi.waitFor(() => expect(argon2.verify).toHaveBeenCalledTimes(2));
    const busy = { kind: 'unavailable', code: 'identity.busy' };
    await expect(passwordFits(hashed, password)).rejects.toMatchObject(busy);
    await expect(passwordFits(undefined, password)).rejects.toMatchObject(busy);
    await expect(hashPassword(password)).rejects.toMatchObject(busy);
    held.resolve(true);
    expect(new Set(await Promise.all(served))).toEqual(new Set([true]));
    expect(await passwordFits(hashed, password)).toBe(true);
  });
});

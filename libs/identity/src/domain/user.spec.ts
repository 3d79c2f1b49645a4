import { describe, expect, it } from 'vitest';
import { DemoAccountSeeded } from '../contracts/index.ts';
import { inboxOf, normaliseEmail, User } from './user.ts';

const now = new Date('2026-11-21T10:15:30Z');
const registration = {
  id: '01994f3c-0000-7000-8000-000000000001',
  email: 'ada@example.org',
  passwordHash: '$argon2id$…',
  name: null,
  role: 'operator',
} as const;

const confirmed = (email: string) => ({
  type: 'identity.address-confirmed.v1',
  payload: { userId: registration.id, email },
});

describe('a user', () => {
  it('has an address that is confirmed from the beginning, and others hear of it', () => {
    const user = User.register(registration, now);
    expect(user).toMatchObject({ ...registration, emailVerified: true, demo: false, createdAt: now });
    expect(user.pullEvents()).toMatchObject([confirmed(registration.email)]);
  });

  it('moves to another address once it is confirmed, and others hear of it', () => {
    const user = User.register(registration, now);
    user.pullEvents();
    user.moveTo('lovelace@example.org');
    expect(user.email).toBe('lovelace@example.org');
    expect(user.pullEvents()).toMatchObject([confirmed('lovelace@example.org')]);
  });

  it('of the demo is an ordinary, verified user, and others hear of it', () => {
    const user = User.demo('demo@tocsin.local', registration.passwordHash, now);
    expect(user).toMatchObject({ role: 'user', emailVerified: true, demo: true, createdAt: now });
    const events = user.pullEvents();
    expect(events).toHaveLength(1);
    expect(events[0]).toBeInstanceOf(DemoAccountSeeded);
    expect(events[0]?.payload).toEqual({ userId: user.id });
  });
});

describe('an address', () => {
  it.each([
    ['ada@example.org', 'ada@example.org'],
    [' Ada@Example.ORG\n', 'ada@example.org'],
    ['ÄDA@example.org', 'äda@example.org'],
  ])('%j is compared as %j', (given, compared) => {
    expect(normaliseEmail(given)).toBe(compared);
  });
});

describe('an inbox', () => {
  it.each([
    ['Ada+alerts@example.org', 'ada@example.org'],
    ['ada.lovelace@example.org', 'ada.lovelace@example.org'],
    ['a.d.a+1@gmail.com', 'ada@gmail.com'],
    ['ada@googlemail.com', 'ada@gmail.com'],
  ])('of %s is counted as %s', (email, inbox) => {
    expect(inboxOf(email)).toBe(inbox);
  });
});

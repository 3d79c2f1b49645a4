import { describe, expect, it } from 'vitest';
import { DemoAccountSeeded } from '../contracts/index.ts';
import { normaliseEmail, User } from './user.ts';

const now = new Date('2026-11-21T10:15:30Z');
const registration = {
  email: 'ada@example.org',
  passwordHash: '$argon2id$…',
  name: null,
  role: 'operator',
  emailVerified: false,
} as const;

describe('a user', () => {
  it('registers as what they are, and nobody needs to hear of it', () => {
    const user = User.register(registration, now);
    expect(user).toMatchObject({ ...registration, demo: false, createdAt: now });
    expect(user.pullEvents()).toEqual([]);
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

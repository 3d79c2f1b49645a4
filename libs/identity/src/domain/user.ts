import { Aggregate, newId } from '#kernel';
import { AddressConfirmed, DemoAccountSeeded } from '../contracts/index.ts';

export type UserRole = 'user' | 'operator' | 'admin';

interface Registration {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly name: string | null;
  readonly role: UserRole;
}

/** A person with an account. */
export class User extends Aggregate {
  readonly id!: string;
  /** Confirmed by a mailed token, or by whoever is believed in it. */
  email!: string;
  /** Null where a provider vouches for the person. */
  passwordHash!: string | null;
  name!: string | null;
  readonly role!: UserRole;
  readonly emailVerified!: boolean;
  readonly demo!: boolean;
  readonly bannedAt!: Date | null;
  readonly createdAt!: Date;

  constructor(fields: Partial<User>) {
    super();
    Object.assign(this, fields);
  }

  /** Somebody whose address is confirmed; before that there is a registration and no account. */
  static register(registration: Registration, now: Date): User {
    const user = new User({
      ...registration,
      emailVerified: true,
      demo: false,
      bannedAt: null,
      createdAt: now,
    });
    user.record(new AddressConfirmed({ userId: user.id, email: user.email }));
    return user;
  }

  /** The account that a first start offers for a look around; it never counts as the first user. */
  static demo(email: string, passwordHash: string, now: Date): User {
    const user = new User({
      id: newId(),
      email,
      passwordHash,
      name: 'Demo',
      role: 'user',
      emailVerified: true,
      demo: true,
      bannedAt: null,
      createdAt: now,
    });
    user.record(new DemoAccountSeeded({ userId: user.id }));
    return user;
  }

  /** Takes another address, which is confirmed. */
  moveTo(email: string): void {
    this.email = email;
    this.record(new AddressConfirmed({ userId: this.id, email }));
  }
}

/** Addresses are compared without case: two accounts that differ only in it would be one inbox. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** Addresses that are known to lead to one inbox, as one text: to count by, and never to send to. */
export function inboxOf(email: string): string {
  const [local = '', domain = ''] = normaliseEmail(email).split('@');
  const [mailbox = ''] = local.split('+');
  return /^(gmail|googlemail)\.com$/.test(domain)
    ? `${mailbox.replaceAll('.', '')}@gmail.com`
    : `${mailbox}@${domain}`;
}

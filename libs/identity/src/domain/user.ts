import { Aggregate, newId } from '#kernel';
import { DemoAccountSeeded } from '../contracts/index.ts';

export type UserRole = 'user' | 'operator' | 'admin';

interface Registration {
  readonly email: string;
  readonly passwordHash: string | null;
  readonly name: string | null;
  readonly role: UserRole;
  readonly emailVerified: boolean;
}

/** A person with an account. */
export class User extends Aggregate {
  readonly id!: string;
  readonly email!: string;
  /** Null where a provider vouches for the person, and no password does. */
  readonly passwordHash!: string | null;
  readonly name!: string | null;
  readonly role!: UserRole;
  readonly emailVerified!: boolean;
  readonly demo!: boolean;
  readonly createdAt!: Date;

  constructor(fields: Partial<User>) {
    super();
    Object.assign(this, fields);
  }

  static register(registration: Registration, now: Date): User {
    return new User({ id: newId(), ...registration, demo: false, createdAt: now });
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
      createdAt: now,
    });
    user.record(new DemoAccountSeeded({ userId: user.id }));
    return user;
  }
}

/** Addresses are compared without case: two accounts that differ only in it would be one inbox. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

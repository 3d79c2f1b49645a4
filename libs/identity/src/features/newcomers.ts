import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '#kernel';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { User, type UserRole } from '../domain/user.ts';
import { AuditLog } from './audit-log.ts';

interface Newcomer {
  readonly id: string;
  readonly email: string;
  /** Null where a provider vouches for the person. */
  readonly passwordHash: string | null;
  readonly name: string | null;
  /** Where it is not given, the installation decides. */
  readonly role?: UserRole | undefined;
}

/** What is written down of how somebody came. */
interface Coming {
  /** Of the network; null for a command of the machine. */
  readonly address: string | null;
  /** The provider that vouches for them. */
  readonly issuer?: string;
}

/** Makes accounts for addresses that are confirmed, by a mail or by whoever is believed. */
@Injectable()
export class Newcomers {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /**
   * Adds an account in the ambient transaction; null when the address has one. What else was registered for the address
   * is void: its owner has shown up.
   */
  async add({ role, ...newcomer }: Newcomer, { address, ...by }: Coming): Promise<User | null> {
    await this.oneAtATime();
    const { email } = newcomer;
    const [known] = await this.database.sql`select id from identity.users where email = ${email}`;
    if (known) return null;
    await this.database.sql`delete from identity.registrations where email = ${email}`;
    const user = User.register({ ...newcomer, role: role ?? (await this.role()) }, this.clock.now());
    this.database.entities.persist(user);
    await this.database.entities.flush();
    const details = { role: user.role, ...by };
    await this.audit.record({ type: 'registered', userId: user.id, address, details });
    return user;
  }

  /**
   * Until the transaction ends, nobody else gives an account an address: two first ones would both be the
   * administrator's, and an address is one account's. Come here before you lock a row.
   */
  async oneAtATime(): Promise<void> {
    await this.database.sql`select pg_advisory_xact_lock(hashtext('identity.register'))`;
  }

  /** Whoever installs on a laptop registers first; a seeded demo account does not count. */
  async role(): Promise<UserRole> {
    const [other] = await this.database.sql`select id from identity.users where not demo limit 1`;
    return this.config.embedded && !other ? 'admin' : 'user';
  }
}

export const emailTaken = () =>
  new DomainError(
    'conflict',
    'identity.email-taken',
    'This address has an account already; log in to it, or give another address.',
  );

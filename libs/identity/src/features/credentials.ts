import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { normaliseEmail, type UserRole } from '../domain/user.ts';
import { AuditLog } from './audit-log.ts';
import { passwordFits } from './passwords.ts';
import type { Client, Holder } from './sessions.ts';

/** Finds out whose address and password these are, and writes down that somebody tried. */
@Injectable()
export class Credentials {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /**
   * An unknown address and a wrong password cost the same work and get the same answer.
   * @throws DomainError identity.wrong-credentials, identity.banned
   */
  async check(email: string, password: string, { address }: Client): Promise<Holder> {
    const [user] = await this.database.sql<{
      id: string;
      passwordHash: string | null;
      role: UserRole;
      verified: boolean;
      banned: boolean;
    }>`
      select id, password_hash as "passwordHash", role, email_verified as verified, banned_at is not null as banned
      from identity.users where email = ${normaliseEmail(email)}`;
    const fits = await passwordFits(user?.passwordHash ?? undefined, password);
    const welcome = user !== undefined && fits && user.verified;
    const type = welcome && !user.banned ? 'signed-in' : 'sign-in-failed';
    await this.audit.record({ type, userId: user?.id ?? null, address });
    if (!welcome) {
      throw new DomainError(
        'unauthenticated',
        'identity.wrong-credentials',
        'Address and password do not belong together, or the address is not confirmed yet.',
      );
    }
    if (user.banned) throw banned();
    return { userId: user.id, role: user.role, passwordHash: user.passwordHash };
  }
}

/** Said only to who has shown that the account is theirs. */
export const banned = () =>
  new DomainError('forbidden', 'identity.banned', 'This account is banned; ask an administrator.');

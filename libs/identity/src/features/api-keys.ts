import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import type { Principal, Role, Scope } from '#platform/http';
import { Database } from '#platform/persistence';
import { AuditLog, type AuditEntry } from './audit-log.ts';
import { banned } from './credentials.ts';
import { hashOf } from './sessions.ts';

/** Tells a key from an access token, and lets whoever finds one in a repository know what it is. */
export const keyBeginning = 'tocsin_';
/** A beginning and 256 bits. */
const wellFormed = /^tocsin_[\w-]{43}$/;

/** Keys for programs: each is good for what it names, until it is revoked. Only hashes are kept. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Whose key it is, asked of Postgres with each request: one that was revoked is good for nothing at once.
   * @throws DomainError identity.key-invalid, identity.key-expired, identity.banned
   */
  async principalOf(key: string): Promise<Principal> {
    if (!wellFormed.test(key)) throw invalid();
    const [found] = await this.database.sql<{
      id: string;
      userId: string;
      role: Role;
      scopes: readonly Scope[];
      expired: boolean | null;
      banned: boolean;
      noted: boolean | null;
    }>`
      select key.id, key.user_id as "userId", owner.role, key.scopes, key.expires_at <= now() as expired,
        owner.banned_at is not null as banned, key.last_used_at > now() - interval '1 minute' as noted
      from identity.api_keys as key join identity.users as owner on owner.id = key.user_id
      where key.token_hash = ${hashOf(key)}`;
    if (!found) throw invalid();
    if (found.expired) throw expired();
    if (found.banned) throw banned();
    const { id, userId, role, scopes, noted } = found;
    if (!noted) await this.noteUse(id);
    return { userId, role, sessionId: null, scopes };
  }

  /** Takes away all keys of somebody, or those that are good for this. */
  async revokeAll(
    userId: string,
    { scope = null, ...by }: { scope?: Scope | null } & Pick<AuditEntry, 'actorId' | 'address'> = {},
  ): Promise<void> {
    await this.database.transaction(async () => {
      const revoked = await this.database.sql<{ id: string; name: string }>`
        delete from identity.api_keys
        where user_id = ${userId} and (${scope}::text is null or ${scope}::text = any(scopes))
        returning id, name`;
      for (const { id: keyId, name } of revoked) {
        await this.audit.record({ type: 'api-key-revoked', userId, ...by, details: { keyId, name } });
      }
    });
  }

  /** At most once a minute, also of many uses at once: reading would cost a write otherwise. */
  private async noteUse(id: string): Promise<void> {
    await this.database.sql`
      update identity.api_keys set last_used_at = now()
      where id = ${id} and (last_used_at is null or last_used_at <= now() - interval '1 minute')`;
  }
}

const invalid = () =>
  new DomainError(
    'unauthenticated',
    'identity.key-invalid',
    'The API key is not valid here, or was revoked.',
  );

const expired = () =>
  new DomainError('unauthenticated', 'identity.key-expired', 'The API key has expired; make another one.');

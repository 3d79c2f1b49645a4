import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Database } from '#platform/persistence';

/** What is written down of an account. */
export const auditTypes = [
  'registered',
  'signed-in',
  'sign-in-failed',
  'signed-out',
  'session-ended',
  'refresh-token-reused',
  'password-changed',
  'password-reset-requested',
  'password-reset',
  'address-change-requested',
  'address-changed',
  'api-key-created',
  'api-key-revoked',
  'role-changed',
  'banned',
  'unbanned',
  'account-deleted',
] as const;
export type AuditType = (typeof auditTypes)[number];

/** Something that somebody may have to answer for. */
export interface AuditEntry {
  readonly type: AuditType;
  /** Whose account it is about; null when there is none. */
  readonly userId: string | null;
  /** Who did it; absent when nobody was logged in. */
  readonly actorId?: string | null;
  /** Of the network, where a request was behind it. */
  readonly address?: string | null;
  /** Ids, roles, names of keys; never a secret or a mail address. */
  readonly details?: Readonly<Record<string, string | readonly string[] | null>>;
}

/** Writes down who did what to which account, in the transaction of what was done. */
@Injectable()
export class AuditLog {
  constructor(private readonly database: Database) {}

  async record({ type, userId, actorId = null, address = null, details = {} }: AuditEntry): Promise<void> {
    await this.database.sql`
      insert into identity.audit (id, type, user_id, actor_id, address, details)
      values (${newId()}, ${type}, ${userId}, ${actorId}, ${address}, ${JSON.stringify(details)}::jsonb)`;
  }
}

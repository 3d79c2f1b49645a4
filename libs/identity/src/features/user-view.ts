import type { Role } from '#platform/http';
import { fragment } from '#platform/persistence';

export const userStatuses = ['active', 'banned'] as const;
export type UserStatus = (typeof userStatuses)[number];

/** An account as administrators see it. */
export interface UserView {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly status: UserStatus;
  readonly emailVerified: boolean;
  readonly createdAt: Date;
  /** Null when nobody has within the time that the audit log is kept. */
  readonly lastSignInAt: Date | null;
  readonly bannedAt: Date | null;
}

/** The select list of {@link UserView}. */
export const userColumns = fragment`
  id, email, name, role, case when banned_at is null then 'active' else 'banned' end as status,
  email_verified as "emailVerified", created_at as "createdAt", banned_at as "bannedAt", (
    select entry.at from identity.audit as entry where entry.user_id = users.id and entry.type = 'signed-in'
    order by entry.id desc limit 1
  ) as "lastSignInAt"`;

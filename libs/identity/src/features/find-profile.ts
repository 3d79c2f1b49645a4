import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { sessionEnded } from '../contracts/index.ts';
import type { UserRole } from '../domain/user.ts';

/** What a person sees of their own account. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  /** The address that takes the place of `email` once it is confirmed. */
  readonly pendingEmail: string | null;
  readonly name: string | null;
  readonly role: UserRole;
  /** Whether the account can be logged in to with a password. */
  readonly hasPassword: boolean;
  readonly createdAt: Date;
}

/** The account of whoever asks. @throws DomainError identity.session-ended */
export class FindProfile extends Query<Profile> {
  constructor(readonly userId: string) {
    super();
  }
}

@QueryHandler(FindProfile)
export class FindProfileHandler implements IQueryHandler<FindProfile> {
  constructor(private readonly database: Database) {}

  async execute({ userId }: FindProfile): Promise<Profile> {
    const [profile] = await this.database.sql<Profile>`
      select id, email, email_verified as "emailVerified", name, role, password_hash is not null as "hasPassword",
        created_at as "createdAt", (
          select mailed.email from identity.mailed_tokens as mailed
          where mailed.user_id = users.id and mailed.purpose = 'change-address' and mailed.expires_at > now()
        ) as "pendingEmail"
      from identity.users where id = ${userId}`;
    // Deleted since the guard looked.
    if (!profile) throw sessionEnded();
    return profile;
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';
import { AccessTokens } from './access-tokens.ts';

/** A signed access token for minutes and an opaque refresh token for weeks. */
export interface Session {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds until the access token expires. */
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/**
 * Opens, continues and ends sessions. The refresh tokens of a session are a family: each is used once, for the next one.
 * Only their hashes are kept, so a leaked table opens none.
 */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: AccessTokens,
  ) {}

  /** A new session, which takes the place of those of the same person that can no longer be continued. */
  open(userId: string, role: UserRole): Promise<Session> {
    return this.database.transaction(async () => {
      await this.database.sql`
        delete from identity.refresh_tokens where user_id = ${userId} and expires_at <= now()`;
      await this.database.sql`
        delete from identity.sessions where user_id = ${userId}
          and not exists (
            select from identity.refresh_tokens as token
            where token.user_id = sessions.user_id and token.session_id = sessions.id)`;
      const id = newId();
      await this.database.sql`insert into identity.sessions (id, user_id) values (${id}, ${userId})`;
      return this.continue(id, userId, role);
    });
  }

  /** The next tokens of a session. */
  async continue(id: string, userId: string, role: UserRole): Promise<Session> {
    const refreshToken = randomBytes(32).toString('base64url');
    await this.database.sql`
      insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
      values (${hashOf(refreshToken)}, ${userId}, ${id}, now() + interval '30 days')`;
    return { ...this.tokens.issue({ userId, role }), tokenType: 'Bearer', refreshToken };
  }

  /** No refresh token of this session is good for anything any more, nor is one that is being given right now. */
  async end(id: string, userId: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.sql`delete from identity.sessions where id = ${id} and user_id = ${userId}`;
      await this.database.sql`
        delete from identity.refresh_tokens where user_id = ${userId} and session_id = ${id}`;
    });
  }
}

/** Refresh tokens hold 256 random bits: a plain hash cannot be guessed back. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

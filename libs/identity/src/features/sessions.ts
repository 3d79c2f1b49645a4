import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
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

/** Opens sessions; of a refresh token only its hash is kept, so a leaked table opens none. */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: AccessTokens,
  ) {}

  async open(userId: string, role: UserRole): Promise<Session> {
    const refreshToken = randomBytes(32).toString('base64url');
    await this.database.sql`
      insert into identity.refresh_tokens (token_hash, user_id, expires_at)
      values (${hashOf(refreshToken)}, ${userId}, now() + interval '30 days')`;
    return { ...this.tokens.issue({ userId, role }), tokenType: 'Bearer', refreshToken };
  }
}

/** Refresh tokens hold 256 random bits: a plain hash cannot be guessed back. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

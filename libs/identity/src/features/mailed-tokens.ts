import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import type { User } from '../domain/user.ts';
import { lockAccount } from './lock-account.ts';
import { hashOf, newSecret } from './sessions.ts';

type Purpose = 'reset-password' | 'change-address';

/** Tokens that are mailed to an account, each for one use. */
@Injectable()
export class MailedTokens {
  constructor(private readonly database: Database) {}

  /** A token to set a new password with; those that were mailed before are good for nothing any more. */
  async forNewPassword(userId: string, hours: number): Promise<string> {
    const token = newSecret();
    await this.database.sql`
      delete from identity.mailed_tokens where user_id = ${userId} and purpose = 'reset-password'`;
    await this.database.sql`
      insert into identity.mailed_tokens (token_hash, purpose, user_id, expires_at)
      values (${hashOf(token)}, 'reset-password', ${userId}, now() + make_interval(hours => ${hours}))`;
    return token;
  }

  /** Uses a token up: whose it is, locked until the transaction ends, and the address that it confirms. */
  async use(token: string, purpose: Purpose): Promise<{ user: User; email: string } | null> {
    const tokenHash = hashOf(token);
    const [mailed] = await this.database.sql<{ userId: string }>`
      select user_id as "userId" from identity.mailed_tokens
      where token_hash = ${tokenHash} and purpose = ${purpose} and expires_at > now()`;
    // The account before its tokens, as everybody else locks them.
    const user = mailed && (await lockAccount(this.database, mailed.userId));
    const [used] = await this.database.sql<{ email: string | null }>`
      delete from identity.mailed_tokens where token_hash = ${tokenHash} and purpose = ${purpose} returning email`;
    return user && used ? { user, email: used.email ?? user.email } : null;
  }
}

export const mailedTokenInvalid = () =>
  new DomainError(
    'unauthenticated',
    'identity.mailed-token-invalid',
    'This link was used, is too old or is not complete; ask for another mail.',
  );

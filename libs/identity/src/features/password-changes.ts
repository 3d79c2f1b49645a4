import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import type { User } from '../domain/user.ts';
import { passwordChanged } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { Sessions } from './sessions.ts';

/** What follows a new password, however it was set: whoever knew the old one is shut out, and the owner is told. */
@Injectable()
export class PasswordChanges {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly mails: AccountMails,
    private readonly config: Config,
  ) {}

  /** In the ambient transaction. The named session goes on, and so do API keys. */
  async apply(user: User, passwordHash: string, sessionId: string | null): Promise<void> {
    user.passwordHash = passwordHash;
    await this.sessions.endAll(user.id, sessionId);
    // Mailed tokens too: a new address that the other one asked for, say.
    await this.database.sql`delete from identity.mailed_tokens where user_id = ${user.id}`;
    await this.mails.send({ to: user.email, userId: user.id }, passwordChanged(this.config.publicUrl));
  }
}

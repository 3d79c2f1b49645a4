import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { assertPasswordAllowed } from './allowed-passwords.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditLog } from './audit-log.ts';
import { mailedTokenInvalid, MailedTokens } from './mailed-tokens.ts';
import { PasswordChanges } from './password-changes.ts';
import { hashPassword } from './passwords.ts';
import { type Client, hashOf } from './sessions.ts';

/**
 * Sets a new password for whoever has the mailed token. Whoever had the account before has nothing of it any more: all
 * sessions and API keys end.
 * @throws DomainError identity.mailed-token-invalid, identity.password-common
 */
export class ResetPassword extends Command<void> {
  constructor(
    readonly token: string,
    readonly password: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(ResetPassword)
export class ResetPasswordHandler implements ICommandHandler<ResetPassword> {
  constructor(
    private readonly database: Database,
    private readonly tokens: MailedTokens,
    private readonly changes: PasswordChanges,
    private readonly apiKeys: ApiKeys,
    private readonly audit: AuditLog,
  ) {}

  async execute({ token, password, client }: ResetPassword): Promise<void> {
    const tokenHash = hashOf(token);
    // A refused password leaves the token good, and a wrong token costs no hash.
    const [holder] = await this.database.sql<{ email: string }>`
      select owner.email from identity.mailed_tokens as mailed join identity.users as owner on owner.id = mailed.user_id
      where mailed.token_hash = ${tokenHash} and mailed.purpose = 'reset-password' and mailed.expires_at > now()`;
    if (!holder) throw mailedTokenInvalid();
    await assertPasswordAllowed(password, holder.email);
    const passwordHash = await hashPassword(password);
    await this.database.transaction(async () => {
      const used = await this.tokens.use(token, 'reset-password');
      if (!used) throw mailedTokenInvalid();
      const { user } = used;
      await this.changes.apply(user, passwordHash, null);
      await this.apiKeys.revokeAll(user.id);
      await this.audit.record({ type: 'password-reset', userId: user.id, address: client.address });
    });
  }
}

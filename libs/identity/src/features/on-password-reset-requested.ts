import { Config } from '#platform/config';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { askedAddressPurpose, PasswordResetRequested } from '../contracts/index.ts';
import { resetPassword } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { AuditLog } from './audit-log.ts';
import { hashOf, newSecret } from './sessions.ts';

/** Mails a token to set a new password with, to an address that has an account. It takes the place of the last one. */
@ReactsTo(PasswordResetRequested)
export class OnPasswordResetRequested implements Reaction<PasswordResetRequested> {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly mails: AccountMails,
    private readonly audit: AuditLog,
    private readonly config: Config,
  ) {}

  async react({ payload }: PasswordResetRequested): Promise<void> {
    const email = this.sealer.open(askedAddressPurpose, payload.sealedEmail);
    const [owner] = await this.database.sql<{ id: string }>`
      select id from identity.users where email = ${email} and email_verified and banned_at is null for share`;
    if (!owner) return;
    const token = newSecret();
    const mail = resetPassword(this.config.publicUrl, token);
    if (!(await this.mails.sendSolicited('reset', { to: email, userId: owner.id }, mail))) return;
    await this.database.sql`
      delete from identity.mailed_tokens where user_id = ${owner.id} and purpose = 'reset-password'`;
    await this.database.sql`
      insert into identity.mailed_tokens (token_hash, purpose, user_id, expires_at)
      values (${hashOf(token)}, 'reset-password', ${owner.id}, now() + interval '1 hour')`;
    await this.audit.record({ type: 'password-reset-requested', userId: owner.id });
  }
}

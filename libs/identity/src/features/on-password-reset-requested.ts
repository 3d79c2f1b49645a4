import { Config } from '#platform/config';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { askedAddressPurpose, PasswordResetRequested } from '../contracts/index.ts';
import { resetPassword } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { AuditLog } from './audit-log.ts';
import { MailedTokens } from './mailed-tokens.ts';

/** Mails a token to set a new password with, to an address that has an account. It takes the place of the last one. */
@ReactsTo(PasswordResetRequested)
export class OnPasswordResetRequested implements Reaction<PasswordResetRequested> {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly mails: AccountMails,
    private readonly tokens: MailedTokens,
    private readonly audit: AuditLog,
    private readonly config: Config,
  ) {}

  async react({ payload }: PasswordResetRequested): Promise<void> {
    const email = this.sealer.open(askedAddressPurpose, payload.sealedEmail);
    const [owner] = await this.database.sql<{ id: string }>`
      select id from identity.users where email = ${email} and email_verified and banned_at is null for update`;
    if (!owner) return;
    const addressee = { to: email, userId: owner.id };
    const left = await this.mails.left('reset', addressee);
    if (left === 0) return;
    // The last one of a day is good until there may be another: nobody can keep the owner out by using them up.
    const token = await this.tokens.forNewPassword(owner.id, left === 1 ? 24 : 1);
    await this.mails.sendSolicited('reset', addressee, resetPassword(this.config.publicUrl, token));
    await this.audit.record({ type: 'password-reset-requested', userId: owner.id });
  }
}

import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AddressChangeRequested } from '../contracts/index.ts';
import type { User } from '../domain/user.ts';
import { addressChangeAsked, addressChanged } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { AuditLog } from './audit-log.ts';
import { MailedTokens } from './mailed-tokens.ts';
import { emailTaken, Newcomers } from './newcomers.ts';
import { type Client, hashOf, newSecret } from './sessions.ts';

/** A new address of an account: at once where addresses are not confirmed, else once it is. */
@Injectable()
export class AddressChanges {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly mails: AccountMails,
    private readonly tokens: MailedTokens,
    private readonly newcomers: Newcomers,
    private readonly audit: AuditLog,
    private readonly config: Config,
  ) {}

  /**
   * In the ambient transaction. Whether the address is somebody else's is looked at after the answer.
   * @throws DomainError identity.email-taken, only where addresses are not confirmed
   */
  async ask(user: User, email: string, { address }: Client): Promise<void> {
    if (this.config.emailVerification === 'off') {
      await this.newcomers.oneAtATime();
      if (!(await this.move(user, email, address))) throw emailTaken();
      return;
    }
    await this.database.sql`
      delete from identity.mailed_tokens
      where user_id = ${user.id} and purpose = 'change-address' and (email <> ${email} or expires_at <= now())`;
    // Of a secret that nobody is told: the one in the mail takes its place. One that was mailed is as good.
    await this.database.sql`
      insert into identity.mailed_tokens (token_hash, purpose, user_id, email, expires_at)
      select ${hashOf(newSecret())}::bytea, 'change-address', ${user.id}::uuid, ${email}, now() + interval '24 hours'
      where not exists (
        select from identity.mailed_tokens where user_id = ${user.id} and purpose = 'change-address')`;
    await this.outbox.append([new AddressChangeRequested({ userId: user.id })]);
    const owner = { to: user.email, userId: user.id };
    // With a token of its own: whoever knows the password may have used up the mails for a forgotten one.
    if ((await this.mails.left('notice', owner)) > 0) {
      const token = await this.tokens.forNewPassword(user.id, 24);
      await this.mails.sendSolicited('notice', owner, addressChangeAsked(this.config.publicUrl, token));
    }
    const written = { userId: user.id, actorId: user.id, address };
    await this.audit.record({ ...written, type: 'address-change-requested' });
  }

  /**
   * Gives an account its new address, for one transaction at a time (`Newcomers.oneAtATime`); false when somebody else
   * has it. What was mailed to the old one is nobody's any more, and whoever reads that one is told.
   */
  async move(user: User, email: string, address: string): Promise<boolean> {
    const [known] = await this.database.sql`select id from identity.users where email = ${email}`;
    if (known) return false;
    const { id: userId, email: before } = user;
    user.moveTo(email);
    await this.database.sql`delete from identity.registrations where email = ${email}`;
    await this.database.sql`delete from identity.mailed_tokens where user_id = ${userId}`;
    await this.mails.send({ to: before, userId }, addressChanged(this.config.publicUrl));
    await this.audit.record({ type: 'address-changed', userId, address });
    return true;
  }
}

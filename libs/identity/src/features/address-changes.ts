import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { Config } from '#platform/config';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AddressChangeRequested } from '../contracts/index.ts';
import type { User } from '../domain/user.ts';
import { addressChangeAsked } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { Newcomers } from './newcomers.ts';
import { hashOf, newSecret } from './sessions.ts';

/** A new address of an account: at once where addresses are not confirmed, else once it is. */
@Injectable()
export class AddressChanges {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly mails: AccountMails,
    private readonly newcomers: Newcomers,
    private readonly config: Config,
  ) {}

  /**
   * In the ambient transaction. Whether the address is somebody else's is looked at after the answer.
   * @throws DomainError identity.email-taken, only where addresses are not confirmed
   */
  async ask(user: User, email: string): Promise<void> {
    if (this.config.emailVerification === 'off') return this.move(user, email);
    await this.database.sql`
      delete from identity.mailed_tokens where user_id = ${user.id} and purpose = 'change-address'`;
    // Of a secret that nobody is told: the one in the mail takes its place.
    await this.database.sql`
      insert into identity.mailed_tokens (token_hash, purpose, user_id, email, expires_at)
      values (${hashOf(newSecret())}, 'change-address', ${user.id}, ${email}, now() + interval '24 hours')`;
    await this.outbox.append([new AddressChangeRequested({ userId: user.id })]);
    const owner = { to: user.email, userId: user.id };
    await this.mails.sendSolicited('notice', owner, addressChangeAsked(this.config.publicUrl));
  }

  private async move(user: User, email: string): Promise<void> {
    await this.newcomers.oneAtATime();
    const [known] = await this.database.sql`select id from identity.users where email = ${email}`;
    if (known)
      throw new DomainError('conflict', 'identity.email-taken', 'This address already has an account.');
    user.moveTo(email);
  }
}

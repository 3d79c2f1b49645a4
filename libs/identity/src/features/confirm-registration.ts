import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { confirmRegistration } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { hashOf, newSecret } from './sessions.ts';

/** Mails the token of a registration, which takes the place of one that was mailed before. */
@Injectable()
export class ConfirmRegistration {
  constructor(
    private readonly database: Database,
    private readonly mails: AccountMails,
    private readonly config: Config,
  ) {}

  /** Returns false, and changes nothing, once the address had all mails of a day. */
  async mail(registrationId: string, email: string): Promise<boolean> {
    const token = newSecret();
    const mail = confirmRegistration(this.config.publicUrl, token);
    if (!(await this.mails.sendSolicited('confirm', { to: email, userId: null }, mail))) return false;
    await this.database.sql`
      update identity.registrations
      set token_hash = ${hashOf(token)}, expires_at = now() + interval '24 hours' where id = ${registrationId}`;
    return true;
  }
}

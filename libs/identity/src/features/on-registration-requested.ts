import { Config } from '#platform/config';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { RegistrationRequested } from '../contracts/index.ts';
import { addressTaken } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { ConfirmRegistration } from './confirm-registration.ts';

/** Mails the token that makes an account of it, or tells the owner of the address that there is one already. */
@ReactsTo(RegistrationRequested)
export class OnRegistrationRequested implements Reaction<RegistrationRequested> {
  constructor(
    private readonly database: Database,
    private readonly mails: AccountMails,
    private readonly confirmations: ConfirmRegistration,
    private readonly config: Config,
  ) {}

  async react({ payload: { registrationId: id } }: RegistrationRequested): Promise<void> {
    const [asked] = await this.database.sql<{ email: string; ownerId: string | null }>`
      select asked.email, owner.id as "ownerId"
      from identity.registrations as asked left join identity.users as owner on owner.email = asked.email
      where asked.id = ${id} and asked.token_hash is null`;
    // Somebody asked for its mail once more before this came.
    if (!asked) return;
    const { email, ownerId } = asked;
    if (ownerId === null) {
      // Kept without a mail too, for a day: whoever confirms another one is to know that they were not the only one.
      await this.confirmations.mail(id, email);
      return;
    }
    await this.database.sql`delete from identity.registrations where id = ${id}`;
    const owner = { to: email, userId: ownerId };
    await this.mails.sendSolicited('confirm', owner, addressTaken(this.config.publicUrl));
  }
}

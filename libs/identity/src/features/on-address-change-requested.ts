import { Config } from '#platform/config';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AddressChangeRequested } from '../contracts/index.ts';
import { addressTaken, confirmAddress } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { hashOf, newSecret } from './sessions.ts';

/** Mails the token to the new address, or tells whoever has it already. */
@ReactsTo(AddressChangeRequested)
export class OnAddressChangeRequested implements Reaction<AddressChangeRequested> {
  constructor(
    private readonly database: Database,
    private readonly mails: AccountMails,
    private readonly config: Config,
  ) {}

  async react({ payload: { userId } }: AddressChangeRequested): Promise<void> {
    const [change] = await this.database.sql<{ email: string; ownerId: string | null }>`
      select asked.email, owner.id as "ownerId"
      from identity.mailed_tokens as asked left join identity.users as owner on owner.email = asked.email
      where asked.user_id = ${userId} and asked.purpose = 'change-address'`;
    if (!change) return;
    const { email: to, ownerId } = change;
    const { publicUrl } = this.config;
    if (ownerId !== null) {
      await this.mails.sendSolicited('confirm', { to, userId: ownerId }, addressTaken(publicUrl));
      return;
    }
    const token = newSecret();
    if (!(await this.mails.sendSolicited('confirm', { to, userId }, confirmAddress(publicUrl, token))))
      return;
    await this.database.sql`
      update identity.mailed_tokens set token_hash = ${hashOf(token)}
      where user_id = ${userId} and purpose = 'change-address' and email = ${to}`;
  }
}

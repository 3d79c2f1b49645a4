import { AddressConfirmed } from '#libs/identity/contracts';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { lockSource } from './lock-sources.ts';
import { MakeDeliveries } from './make-deliveries.ts';
import { ownAccountMails } from './own-account-mails.ts';
import { Suppressions } from './suppressions.ts';

/** Whoever has an account again gets mail again. What is told late, of an account that is deleted by now, changes nothing. */
@ReactsTo(AddressConfirmed)
export class OnAddressConfirmed implements Reaction<AddressConfirmed> {
  constructor(
    private readonly database: Database,
    private readonly deliveries: MakeDeliveries,
    private readonly suppressions: Suppressions,
  ) {}

  async react({ payload: { userId, email } }: AddressConfirmed): Promise<void> {
    const account = { type: 'account', id: userId } as const;
    await lockSource(this.database, account);
    const deleted = await this.deliveries.lock([account]);
    if (deleted.size > 0) return;
    await this.suppressions.lift(email);
    // Now, since the account may have another address by the time it is deleted.
    await ownAccountMails(this.database, userId, email);
  }
}

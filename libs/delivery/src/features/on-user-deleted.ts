import { UserDeleted } from '#libs/identity/contracts';
import { Outbox, type Reaction, ReactsWithin } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { DeliveriesErasureDue } from '../contracts/index.ts';
import { lockSource } from './lock-sources.ts';
import { ownAccountMails } from './own-account-mails.ts';
import { StopSource } from './stop-source.ts';
import { Suppressions } from './suppressions.ts';

/** A deleted account sends nothing and gets nothing any more. */
@ReactsWithin(UserDeleted)
export class OnUserDeleted implements Reaction<UserDeleted> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly sources: StopSource,
    private readonly suppressions: Suppressions,
  ) {}

  async react({ payload: { userId, email } }: UserDeleted): Promise<void> {
    const account = { type: 'account', id: userId } as const;
    // Before any row, as everybody does.
    await lockSource(this.database, account);
    await ownAccountMails(this.database, userId, email);
    await this.sources.stop(account);
    await this.suppressions.add(email, 'account-deleted');
    await this.outbox.append([new DeliveriesErasureDue({ userId })]);
  }
}

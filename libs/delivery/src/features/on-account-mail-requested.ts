import { accountMailPurpose, AccountMailRequested } from '#libs/identity/contracts';
import type { Mail } from '#platform/mail';
import { type Reaction, ReactsTo } from '#platform/messaging';
import { Sealer } from '#platform/secrets';
import { MakeDeliveries } from './make-deliveries.ts';

/**
 * Makes the delivery of a mail about an account; none once that account is deleted. Its text is in the clear from here
 * until it has ended, then the table's trigger wipes it. A worker of a version that does not know this reaction leaves
 * the event to those that do, and what it hands over itself the trigger wipes all the same (decision 0019).
 */
@ReactsTo(AccountMailRequested)
export class OnAccountMailRequested implements Reaction<AccountMailRequested> {
  constructor(
    private readonly deliveries: MakeDeliveries,
    private readonly sealer: Sealer,
  ) {}

  async react({ payload: { mailId, userId, to, sealed } }: AccountMailRequested): Promise<void> {
    const sources = userId === null ? [] : [{ type: 'account' as const, id: userId }];
    const deleted = await this.deliveries.lock(sources);
    if (deleted.size > 0) return;
    const { subject, text, html } = JSON.parse(this.sealer.open(accountMailPurpose, sealed)) as Mail;
    const delivery = { id: mailId, channel: 'email', to, status: 'pending' as const, reason: null };
    await this.deliveries.make([
      { notificationId: null, bulk: false, subject, text, html, sources, deliveries: [delivery] },
    ]);
  }
}

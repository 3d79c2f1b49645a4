import { type Reaction, ReactsTo } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { askedAddressPurpose, ConfirmationRequested } from '../contracts/index.ts';
import { ConfirmRegistration } from './confirm-registration.ts';

/** Mails a new token for the latest registration of the address; an account has nothing to confirm. */
@ReactsTo(ConfirmationRequested)
export class OnConfirmationRequested implements Reaction<ConfirmationRequested> {
  constructor(
    private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly confirmations: ConfirmRegistration,
  ) {}

  async react({ payload }: ConfirmationRequested): Promise<void> {
    const email = this.sealer.open(askedAddressPurpose, payload.sealedEmail);
    const [latest] = await this.database.sql<{ id: string }>`
      select id from identity.registrations
      where email = ${email} and expires_at > now() and not exists (select from identity.users where email = ${email})
      order by created_at desc, id desc limit 1`;
    if (latest) await this.confirmations.mail(latest.id, email);
  }
}

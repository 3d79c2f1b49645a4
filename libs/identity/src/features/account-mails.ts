import { Injectable } from '@nestjs/common';
import { newId } from '#kernel';
import type { Mail } from '#platform/mail';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { accountMailPurpose, AccountMailRequested } from '../contracts/index.ts';
import { inboxOf } from '../domain/user.ts';

/** Who gets a mail about which account; null where it is about none yet. */
interface Addressee {
  readonly to: string;
  readonly userId: string | null;
}

/** What anybody can have sent to an address: each kind is counted for itself, so that one cannot use the other up. */
export type SolicitedKind = 'confirm' | 'reset' | 'notice';

/** Of a kind, to one address, within 24 hours: enough for somebody who lost the first ones, no use to a tormentor. */
const mostADay = 3;

/** Asks for mails about accounts, in the transaction of what they tell of. */
@Injectable()
export class AccountMails {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly sealer: Sealer,
  ) {}

  async send({ to, userId }: Addressee, mail: Mail): Promise<void> {
    const sealed = this.sealer.seal(accountMailPurpose, JSON.stringify(mail));
    await this.outbox.append([new AccountMailRequested({ mailId: newId(), userId, to, sealed })]);
  }

  /** Sends what somebody asked for who need not be the addressee; false once they had all of a day. */
  async sendSolicited(kind: SolicitedKind, addressee: Addressee, mail: Mail): Promise<boolean> {
    if ((await this.left(kind, addressee)) === 0) return false;
    await this.database.sql`
      insert into identity.solicited_mails (address_hash, kind) values (${this.hashed(addressee)}, ${kind})`;
    await this.send(addressee, mail);
    return true;
  }

  /** How many of a kind may still be sent to an address; nobody else sends one until the transaction ends. */
  async left(kind: SolicitedKind, addressee: Addressee): Promise<number> {
    const inbox = this.hashed(addressee);
    await this.database.sql`
      select pg_advisory_xact_lock(hashtextextended('identity.solicited-mail ' || encode(${inbox}, 'hex'), 0))`;
    const { sent } = await this.database.one<{ sent: number }>`
      select count(*) as sent from identity.solicited_mails
      where address_hash = ${inbox} and kind = ${kind} and sent_at > now() - interval '24 hours'`;
    return Math.max(0, mostADay - sent);
  }

  private hashed({ to }: Addressee): Buffer {
    return this.sealer.hash('identity.solicited-mail', inboxOf(to));
  }
}

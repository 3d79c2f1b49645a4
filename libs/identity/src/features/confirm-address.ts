import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { choosePassword } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { AddressChanges } from './address-changes.ts';
import { mailedTokenInvalid, MailedTokens } from './mailed-tokens.ts';
import { Newcomers } from './newcomers.ts';
import { type Client, hashOf } from './sessions.ts';

interface Registration {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly passwordHash: string;
}

/**
 * Makes an account of a registration, or gives an account the address that it asked for: whoever has the token could
 * read what was mailed there. Where the address was registered more than once, none of those passwords opens the
 * account: the inbox chooses one by another mail.
 * @throws DomainError identity.mailed-token-invalid
 */
export class ConfirmAddress extends Command<void> {
  constructor(
    readonly token: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(ConfirmAddress)
export class ConfirmAddressHandler implements ICommandHandler<ConfirmAddress> {
  constructor(
    private readonly database: Database,
    private readonly newcomers: Newcomers,
    private readonly tokens: MailedTokens,
    private readonly addresses: AddressChanges,
    private readonly mails: AccountMails,
    private readonly config: Config,
  ) {}

  async execute({ token, client }: ConfirmAddress): Promise<void> {
    await this.database.transaction(async () => {
      await this.newcomers.oneAtATime();
      const done = (await this.register(token, client)) || (await this.move(token, client));
      if (!done) throw mailedTokenInvalid();
    });
  }

  private async register(token: string, { address }: Client): Promise<boolean> {
    const [registration] = await this.database.sql<Registration>`
      delete from identity.registrations where token_hash = ${hashOf(token)} and expires_at > now()
      returning id, email, name, password_hash as "passwordHash"`;
    if (!registration) return false;
    const { email } = registration;
    const others = await this.database.sql`
      select id from identity.registrations where email = ${email} and expires_at > now()`;
    if (others.length === 0) return (await this.newcomers.add(registration, { address })) !== null;
    // Which of them is the inbox's own nobody can tell by a token: a stranger's may have come last, or used up the mails.
    const newcomer = { ...registration, name: null, passwordHash: null };
    const user = await this.newcomers.add(newcomer, { address });
    if (!user) return false;
    const next = await this.tokens.forNewPassword(user.id, 24);
    await this.mails.send({ to: email, userId: user.id }, choosePassword(this.config.publicUrl, next));
    return true;
  }

  private async move(token: string, { address }: Client): Promise<boolean> {
    const used = await this.tokens.use(token, 'change-address');
    return used !== null && this.addresses.move(used.user, used.email, address);
  }
}

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { AddressChanges } from './address-changes.ts';
import { lockAccount } from './lock-account.ts';
import { mailedTokenInvalid } from './mailed-tokens.ts';
import { Newcomers } from './newcomers.ts';
import { type Client, hashOf } from './sessions.ts';

/**
 * Makes an account of a registration, or gives an account the address that it asked for: whoever has the token could
 * read what was mailed there.
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
    private readonly addresses: AddressChanges,
  ) {}

  async execute({ token, client }: ConfirmAddress): Promise<void> {
    await this.database.transaction(async () => {
      await this.newcomers.oneAtATime();
      const done = (await this.register(token, client)) || (await this.move(token, client));
      if (!done) throw mailedTokenInvalid();
    });
  }

  private async register(token: string, { address }: Client): Promise<boolean> {
    const [registration] = await this.database.sql<{
      id: string;
      email: string;
      name: string | null;
      passwordHash: string;
    }>`
      delete from identity.registrations where token_hash = ${hashOf(token)} and expires_at > now()
      returning id, email, name, password_hash as "passwordHash"`;
    return registration !== undefined && (await this.newcomers.add(registration, { address })) !== null;
  }

  private async move(token: string, { address }: Client): Promise<boolean> {
    const [change] = await this.database.sql<{ userId: string; email: string }>`
      delete from identity.mailed_tokens
      where token_hash = ${hashOf(token)} and purpose = 'change-address' and expires_at > now()
      returning user_id as "userId", email`;
    if (!change) return false;
    const user = await lockAccount(this.database, change.userId);
    return user !== null && this.addresses.move(user, change.email, address);
  }
}

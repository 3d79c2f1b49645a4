import { LockMode } from '@mikro-orm/core';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { User } from '../domain/user.ts';
import { addressChanged } from '../templates/account-mails.ts';
import { AccountMails } from './account-mails.ts';
import { AuditLog } from './audit-log.ts';
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
    private readonly mails: AccountMails,
    private readonly audit: AuditLog,
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
    const [registration] = await this.database.sql<{
      id: string;
      email: string;
      name: string | null;
      passwordHash: string;
    }>`
      delete from identity.registrations where token_hash = ${hashOf(token)} and expires_at > now()
      returning id, email, name, password_hash as "passwordHash"`;
    const user = registration && (await this.newcomers.add(registration));
    if (user) await this.audit.record({ type: 'registered', userId: user.id, address });
    return Boolean(user);
  }

  private async move(token: string, { address }: Client): Promise<boolean> {
    const [change] = await this.database.sql<{ userId: string; email: string }>`
      delete from identity.mailed_tokens as mailed
      where token_hash = ${hashOf(token)} and purpose = 'change-address' and expires_at > now()
        and not exists (select from identity.users where email = mailed.email)
      returning user_id as "userId", email`;
    if (!change) return false;
    const { userId, email } = change;
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE };
    const user = await this.database.entities.findOneOrFail(User, { id: userId }, lock);
    const before = user.email;
    user.moveTo(email);
    await this.database.sql`delete from identity.registrations where email = ${email}`;
    // What was mailed to the old address is nobody's any more.
    await this.database.sql`delete from identity.mailed_tokens where user_id = ${userId}`;
    await this.mails.send({ to: before, userId }, addressChanged(this.config.publicUrl));
    await this.audit.record({ type: 'address-changed', userId, address });
    return true;
  }
}

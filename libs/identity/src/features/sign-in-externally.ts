import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError, newId } from '#kernel';
import { Database } from '#platform/persistence';
import { normaliseEmail } from '../domain/user.ts';
import { AuditLog } from './audit-log.ts';
import { banned } from './credentials.ts';
import { Newcomers } from './newcomers.ts';
import type { ExternalIdentity } from './openid/external-identity.ts';
import type { Client, Holder } from './sessions.ts';
import { WebSessions } from './web-sessions.ts';

/**
 * Opens a session of the account that belongs to somebody at a provider, and returns the value of its cookie. Who comes
 * for the first time gets a new account. One that has the same address was made by somebody else, for all we know: it is
 * never opened because of the address.
 * @throws DomainError identity.email-unconfirmed, identity.email-taken, identity.banned
 */
export class SignInExternally extends Command<string> {
  constructor(
    readonly identity: ExternalIdentity,
    readonly client: Client,
  ) {
    super();
  }
}

interface Account extends Holder {
  readonly banned: boolean;
}

@CommandHandler(SignInExternally)
export class SignInExternallyHandler implements ICommandHandler<SignInExternally> {
  constructor(
    private readonly database: Database,
    private readonly newcomers: Newcomers,
    private readonly sessions: WebSessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ identity, client }: SignInExternally): Promise<string> {
    const cookie = await this.database.transaction(async () => {
      const account = (await this.known(identity)) ?? (await this.newcomer(identity, client));
      await this.write(account.banned ? 'sign-in-failed' : 'signed-in', account, identity, client);
      return account.banned ? null : this.sessions.open(account, client);
    });
    // Thrown here and not in there, where it would undo what was written down.
    if (cookie === null) throw banned();
    return cookie;
  }

  /** Of an account that is being deleted or banned, this waits for the end; whoever does so later ends this session too. */
  private async known({ issuer, subject, email }: ExternalIdentity): Promise<Account | undefined> {
    const [account] = await this.database.sql<Account>`
      select owner.id as "userId", owner.role, owner.banned_at is not null as banned
      from identity.external_identities as external join identity.users as owner on owner.id = external.user_id
      where external.issuer = ${issuer} and external.subject = ${subject} for share of owner`;
    if (!account) return undefined;
    await this.database.sql`
      update identity.external_identities set email = ${email}, last_used_at = now()
      where issuer = ${issuer} and subject = ${subject} and user_id = ${account.userId}`;
    return account;
  }

  private async newcomer(identity: ExternalIdentity, client: Client): Promise<Account> {
    if (!identity.emailVerified || identity.email === null) throw unconfirmed();
    await this.newcomers.oneAtATime();
    // They may have come by another tab meanwhile.
    return (await this.known(identity)) ?? this.welcome(identity, identity.email, client);
  }

  private async welcome(identity: ExternalIdentity, said: string, client: Client): Promise<Account> {
    const { issuer, subject, name } = identity;
    const email = normaliseEmail(said);
    const newcomer = { id: newId(), email, passwordHash: null, name };
    const user = await this.newcomers.add(newcomer, { address: client.address, issuer });
    if (!user) throw emailTaken();
    await this.database.sql`
      insert into identity.external_identities (issuer, subject, user_id, email)
      values (${issuer}, ${subject}, ${user.id}, ${email})`;
    return { userId: user.id, role: user.role, banned: false };
  }

  private write(
    type: 'signed-in' | 'sign-in-failed',
    { userId }: Account,
    { issuer }: ExternalIdentity,
    { address }: Client,
  ): Promise<void> {
    return this.audit.record({ type, userId, address, details: { issuer } });
  }
}

const unconfirmed = () =>
  new DomainError(
    'forbidden',
    'identity.email-unconfirmed',
    'The provider does not say that your mail address is confirmed; confirm it there, or register here.',
  );

const emailTaken = () =>
  new DomainError(
    'conflict',
    'identity.email-taken',
    'Your mail address has an account here that you did not make this way; log in to it with its password.',
  );

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newId } from '#kernel';
import { Config } from '#platform/config';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { RegistrationRequested } from '../contracts/index.ts';
import { normaliseEmail, type UserRole } from '../domain/user.ts';
import { assertPasswordAllowed } from './allowed-passwords.ts';
import { emailTaken, Newcomers } from './newcomers.ts';
import { hashPassword } from './passwords.ts';

export interface RegisteredUser {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly role: UserRole;
}

/**
 * Where addresses are confirmed, this looks at no account: what is answered, and after how much work, is the same for
 * an address that has one. Otherwise the account is there at once.
 * @throws DomainError identity.email-taken, only where addresses are not confirmed; identity.password-common
 */
export class Register extends Command<RegisteredUser> {
  constructor(
    readonly email: string,
    readonly password: string,
    readonly name: string | null,
    /** Given by an administrator's command only, who is believed in the address; otherwise the installation decides. */
    readonly role?: UserRole,
    /** Of the network; null for a command of the machine. */
    readonly address: string | null = null,
  ) {
    super();
  }
}

@CommandHandler(Register)
export class RegisterHandler implements ICommandHandler<Register> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly newcomers: Newcomers,
    private readonly config: Config,
  ) {}

  async execute({ email: given, password, name, role, address }: Register): Promise<RegisteredUser> {
    const email = normaliseEmail(given);
    await assertPasswordAllowed(password, email);
    const passwordHash = await hashPassword(password);
    const believed = role !== undefined || this.config.emailVerification === 'off';
    return this.database.transaction(async () => {
      if (!believed) return this.keep(email, passwordHash, name);
      const newcomer = { id: newId(), email, passwordHash, name, role };
      const user = await this.newcomers.add(newcomer, { address });
      if (!user) throw emailTaken();
      return { id: user.id, email, emailVerified: true, role: user.role };
    });
  }

  /** Keeps the registration until a mailed token confirms it; whether the address is free is asked later. */
  private async keep(email: string, passwordHash: string, name: string | null): Promise<RegisteredUser> {
    const id = newId();
    await this.database.sql`
      insert into identity.registrations (id, email, name, password_hash, expires_at)
      values (${id}, ${email}, ${name}, ${passwordHash}, now() + interval '24 hours')`;
    await this.outbox.append([new RegistrationRequested({ registrationId: id })]);
    return { id, email, emailVerified: false, role: await this.newcomers.role() };
  }
}

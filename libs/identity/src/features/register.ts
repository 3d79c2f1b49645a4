import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock, DomainError } from '#kernel';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { normaliseEmail, User, type UserRole } from '../domain/user.ts';
import { assertPasswordAllowed } from './allowed-passwords.ts';
import { Newcomers } from './newcomers.ts';
import { hashPassword } from './passwords.ts';

export interface RegisteredUser {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly role: UserRole;
}

export class Register extends Command<RegisteredUser> {
  constructor(
    readonly email: string,
    readonly password: string,
    readonly name: string | null,
    /** Given by an administrator's command only; otherwise the installation decides. */
    readonly role?: UserRole,
  ) {
    super();
  }
}

@CommandHandler(Register)
export class RegisterHandler implements ICommandHandler<Register> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly newcomers: Newcomers,
  ) {}

  async execute({ email: given, password, name, role }: Register): Promise<RegisteredUser> {
    const email = normaliseEmail(given);
    await assertPasswordAllowed(password, email);
    const passwordHash = await hashPassword(password);
    return this.database.transaction(async () => {
      await this.newcomers.oneAtATime();
      const [known] = await this.database.sql`select id from identity.users where email = ${email}`;
      if (known)
        throw new DomainError('conflict', 'identity.email-taken', 'This address already has an account.');
      const user = User.register(
        {
          email,
          passwordHash,
          name,
          role: role ?? (await this.newcomers.role()),
          emailVerified: this.trusted(),
        },
        this.clock.now(),
      );
      this.database.entities.persist(user);
      return { id: user.id, email, emailVerified: user.emailVerified, role: user.role };
    });
  }

  private trusted(): boolean {
    return this.config.emailVerification === 'off';
  }
}

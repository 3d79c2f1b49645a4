import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newId } from '#kernel';
import { Database } from '#platform/persistence';
import { normaliseEmail } from '../domain/user.ts';
import { assertPasswordAllowed } from './allowed-passwords.ts';
import { emailTaken, Newcomers } from './newcomers.ts';
import { hashPassword } from './passwords.ts';
import type { RegisteredUser } from './register.ts';
import type { Client } from './sessions.ts';
import { SetupLinks } from './setup-links.ts';

/**
 * Makes the first administrator by a setup link. Whoever has it reads what the server prints, so nobody has to vouch
 * for the address, and to be told that it is taken is no leak.
 * @throws DomainError identity.setup-link-invalid, identity.email-taken, identity.password-common
 */
export class SetUp extends Command<RegisteredUser> {
  constructor(
    readonly secret: string,
    readonly email: string,
    readonly password: string,
    readonly name: string | null,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(SetUp)
export class SetUpHandler implements ICommandHandler<SetUp> {
  constructor(
    private readonly database: Database,
    private readonly links: SetupLinks,
    private readonly newcomers: Newcomers,
  ) {}

  async execute({ secret, email: given, password, name, client }: SetUp): Promise<RegisteredUser> {
    // Before a password is hashed for somebody without a link.
    await this.links.assertOpen(secret);
    const email = normaliseEmail(given);
    await assertPasswordAllowed(password, email);
    const passwordHash = await hashPassword(password);
    return this.database.transaction(async () => {
      await this.newcomers.oneAtATime();
      // Meanwhile somebody else may have become the administrator.
      await this.links.assertOpen(secret);
      const newcomer = { id: newId(), email, passwordHash, name, role: 'admin' as const };
      const user = await this.newcomers.add(newcomer, { address: client.address });
      if (!user) throw emailTaken();
      await this.links.closeAll();
      return { id: user.id, email, emailVerified: true, role: user.role };
    });
  }
}

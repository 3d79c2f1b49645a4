import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { normaliseEmail, type UserRole } from '../domain/user.ts';
import { passwordFits } from './passwords.ts';
import { type Session, Sessions } from './sessions.ts';

export class LogIn extends Command<Session> {
  constructor(
    readonly email: string,
    readonly password: string,
  ) {
    super();
  }
}

@CommandHandler(LogIn)
export class LogInHandler implements ICommandHandler<LogIn> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
  ) {}

  async execute({ email, password }: LogIn): Promise<Session> {
    const [user] = await this.database.sql<{
      id: string;
      password_hash: string;
      role: UserRole;
      verified: boolean;
    }>`
      select id, password_hash, role, email_verified as verified
      from identity.users where email = ${normaliseEmail(email)}`;
    const fits = await passwordFits(user?.password_hash, password);
    // An unverified account answers like a wrong password, so that the answer tells nothing about it.
    if (!user || !fits || !user.verified) {
      throw new DomainError('unauthenticated', 'identity.wrong-credentials', 'Wrong address or password.');
    }
    return this.sessions.open(user.id, user.role);
  }
}

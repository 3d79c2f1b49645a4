import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Credentials } from './credentials.ts';
import { type Client, type Session, Sessions } from './sessions.ts';

/** @throws DomainError identity.wrong-credentials, identity.banned */
export class LogIn extends Command<Session> {
  constructor(
    readonly email: string,
    readonly password: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(LogIn)
export class LogInHandler implements ICommandHandler<LogIn> {
  constructor(
    private readonly credentials: Credentials,
    private readonly sessions: Sessions,
  ) {}

  async execute({ email, password, client }: LogIn): Promise<Session> {
    return this.sessions.open(await this.credentials.check(email, password, client), client);
  }
}

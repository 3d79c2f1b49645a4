import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Credentials } from './credentials.ts';
import type { Client } from './sessions.ts';
import { WebSessions } from './web-sessions.ts';

/**
 * Returns the value of the session's cookie.
 * @throws DomainError identity.wrong-credentials, identity.banned
 */
export class OpenWebSession extends Command<string> {
  constructor(
    readonly email: string,
    readonly password: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(OpenWebSession)
export class OpenWebSessionHandler implements ICommandHandler<OpenWebSession> {
  constructor(
    private readonly credentials: Credentials,
    private readonly sessions: WebSessions,
  ) {}

  async execute({ email, password, client }: OpenWebSession): Promise<string> {
    return this.sessions.open(await this.credentials.check(email, password, client), client);
  }
}

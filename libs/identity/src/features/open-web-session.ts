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
    /** The value of the cookie that the browser has until then. */
    readonly replaced: string | null,
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

  async execute({ email, password, client, replaced }: OpenWebSession): Promise<string> {
    const secret = await this.sessions.open(await this.credentials.check(email, password, client), client);
    // It would go on without a browser that keeps it (OWASP ASVS 5, 7.2.4).
    if (replaced !== null) await this.sessions.close(replaced);
    return secret;
  }
}

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { hashOf, Sessions } from './sessions.ts';

/** Ends the session of a refresh token, used or not; an unknown one is no error, since there is nothing left to end. */
export class LogOut extends Command<void> {
  constructor(readonly refreshToken: string) {
    super();
  }
}

@CommandHandler(LogOut)
export class LogOutHandler implements ICommandHandler<LogOut> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
  ) {}

  async execute({ refreshToken }: LogOut): Promise<void> {
    const [found] = await this.database.sql<{ user_id: string; session_id: string | null }>`
      delete from identity.refresh_tokens where token_hash = ${hashOf(refreshToken)}
      returning user_id, session_id`;
    if (found?.session_id) await this.sessions.end(found.session_id, found.user_id);
  }
}

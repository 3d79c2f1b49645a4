import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { hashOf } from './sessions.ts';

/** Ends the session of a refresh token; an unknown one is no error, since there is nothing left to end. */
export class LogOut extends Command<void> {
  constructor(readonly refreshToken: string) {
    super();
  }
}

@CommandHandler(LogOut)
export class LogOutHandler implements ICommandHandler<LogOut> {
  constructor(private readonly database: Database) {}

  async execute({ refreshToken }: LogOut): Promise<void> {
    await this.database.sql`delete from identity.refresh_tokens where token_hash = ${hashOf(refreshToken)}`;
  }
}

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { AuditLog } from './audit-log.ts';
import { type Client, hashOf, Sessions } from './sessions.ts';

/** Ends the session of a refresh token, used or not; an unknown one is no error, since there is nothing left to end. */
export class LogOut extends Command<void> {
  constructor(
    readonly refreshToken: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(LogOut)
export class LogOutHandler implements ICommandHandler<LogOut> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ refreshToken, client }: LogOut): Promise<void> {
    await this.database.transaction(async () => {
      const [found] = await this.database.sql<{ userId: string; sessionId: string | null }>`
        select user_id as "userId", session_id as "sessionId"
        from identity.refresh_tokens where token_hash = ${hashOf(refreshToken)}`;
      if (!found) return;
      const { userId, sessionId } = found;
      if (sessionId !== null) {
        await this.sessions.end(sessionId, userId);
      } else {
        // A token that an older version gave.
        await this.database.sql`
          delete from identity.refresh_tokens where token_hash = ${hashOf(refreshToken)}`;
      }
      await this.audit.record({ type: 'signed-out', userId, address: client.address });
    });
  }
}

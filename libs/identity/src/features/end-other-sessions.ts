import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { AuditLog } from './audit-log.ts';
import { type Client, Sessions } from './sessions.ts';

/** Ends all sessions of a person but the one that asks. */
export class EndOtherSessions extends Command<void> {
  constructor(
    readonly userId: string,
    readonly sessionId: string | null,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(EndOtherSessions)
export class EndOtherSessionsHandler implements ICommandHandler<EndOtherSessions> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ userId, sessionId, client: { address } }: EndOtherSessions): Promise<void> {
    await this.database.transaction(async () => {
      await this.sessions.endAll(userId, sessionId);
      const details = { kept: sessionId };
      await this.audit.record({ type: 'session-ended', userId, actorId: userId, address, details });
    });
  }
}

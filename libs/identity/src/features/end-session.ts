import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AuditLog } from './audit-log.ts';
import { type Client, Sessions } from './sessions.ts';
import { Database } from '#platform/persistence';

/** Ends a session of one's own; one that is over, or somebody else's, is left alone. */
export class EndSession extends Command<void> {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ userId, sessionId, client }: EndSession): Promise<void> {
    await this.database.transaction(async () => {
      await this.sessions.end(sessionId, userId);
      await this.audit.record({ type: 'signed-out', userId, actorId: userId, address: client.address });
    });
  }
}

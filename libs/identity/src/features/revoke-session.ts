import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { AuditLog } from './audit-log.ts';
import { type Client, Sessions } from './sessions.ts';

/**
 * Ends one of the sessions that a person sees in their list: a phone that was lost, say.
 * @throws DomainError identity.session-not-found
 */
export class RevokeSession extends Command<void> {
  constructor(
    readonly id: string,
    readonly userId: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(RevokeSession)
export class RevokeSessionHandler implements ICommandHandler<RevokeSession> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ id, userId, client: { address } }: RevokeSession): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.sessions.end(id, userId)))
        throw new DomainError('not-found', 'identity.session-not-found', 'There is no such session.');
      const details = { sessionId: id };
      await this.audit.record({ type: 'session-ended', userId, actorId: userId, address, details });
    });
  }
}

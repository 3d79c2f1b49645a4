import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';
import { hashOf, type Session, Sessions } from './sessions.ts';

export class RefreshSession extends Command<Session> {
  constructor(readonly refreshToken: string) {
    super();
  }
}

@CommandHandler(RefreshSession)
export class RefreshSessionHandler implements ICommandHandler<RefreshSession> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
  ) {}

  execute({ refreshToken }: RefreshSession): Promise<Session> {
    return this.database.transaction(async () => {
      // Marking and checking are one statement: of two parallel uses one finds no row.
      const [user] = await this.database.sql<{ id: string; role: UserRole }>`
        update identity.refresh_tokens as token set used_at = now()
        from identity.users as owner
        where token.token_hash = ${hashOf(refreshToken)} and token.used_at is null and token.expires_at > now()
          and owner.id = token.user_id
        returning owner.id, owner.role`;
      if (!user) {
        throw new DomainError('unauthenticated', 'identity.refresh-token-invalid', 'Log in again.');
      }
      return this.sessions.open(user.id, user.role);
    });
  }
}

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { InTransactionPublisher } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { UserDeleted } from '../contracts/index.ts';
import { AuditLog } from './audit-log.ts';
import { Newcomers } from './newcomers.ts';
import { type Client, Sessions } from './sessions.ts';

/**
 * Deletes an account with everything that is kept of it here, and has the other contexts stop what stems from it, in one
 * transaction. They erase their rows soon after. Repeating it changes nothing.
 * @throws DomainError identity.last-admin
 */
export class DeleteAccount extends Command<void> {
  constructor(
    readonly userId: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(DeleteAccount)
export class DeleteAccountHandler implements ICommandHandler<DeleteAccount> {
  constructor(
    private readonly database: Database,
    private readonly publisher: InTransactionPublisher,
    private readonly newcomers: Newcomers,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  execute({ userId, client }: DeleteAccount): Promise<void> {
    return this.database.transaction(async () => {
      // Of two administrators who go at once one is the last.
      await this.newcomers.oneAtATime();
      // First of all: waits for whoever holds the account, and keeps everybody else from adding to it.
      const [user] = await this.database.sql<{ email: string }>`
        select email from identity.users where id = ${userId} for update`;
      if (!user) return;
      await this.assertOthersAreLed(userId);
      const { email } = user;
      await this.sessions.endAll(userId);
      await this.database.sql`delete from identity.registrations where email = ${email}`;
      await this.database.sql`delete from identity.users where id = ${userId}`;
      await this.audit.record({ type: 'account-deleted', userId, actorId: userId, address: client.address });
      await this.publisher.publish(new UserDeleted({ userId, email }));
    });
  }

  /** Who is left could never become an administrator at an embedded installation. */
  private async assertOthersAreLed(userId: string): Promise<void> {
    const [last] = await this.database.sql`
      select id from identity.users where id = ${userId} and role = 'admin'
        and exists (select from identity.users where id <> ${userId} and not demo)
        and not exists (
          select from identity.users where id <> ${userId} and role = 'admin' and banned_at is null)`;
    if (!last) return;
    throw new DomainError(
      'conflict',
      'identity.last-admin',
      'You are the only administrator; make somebody else one first.',
    );
  }
}

import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { AuditLog } from './audit-log.ts';
import type { Client } from './sessions.ts';

/** @throws DomainError identity.key-not-found */
export class RevokeApiKey extends Command<void> {
  constructor(
    readonly id: string,
    readonly userId: string,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  async execute({ id, userId, client: { address } }: RevokeApiKey): Promise<void> {
    await this.database.transaction(async () => {
      const [revoked] = await this.database.sql<{ name: string }>`
        delete from identity.api_keys where id = ${id} and user_id = ${userId} returning name`;
      if (!revoked) throw new DomainError('not-found', 'identity.key-not-found', 'There is no such API key.');
      const details = { keyId: id, name: revoked.name };
      await this.audit.record({ type: 'api-key-revoked', userId, actorId: userId, address, details });
    });
  }
}

import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { type Contact, HoldAccounts } from '../contracts/index.ts';

@QueryHandler(HoldAccounts)
export class HoldAccountsHandler implements IQueryHandler<HoldAccounts> {
  constructor(private readonly database: Database) {}

  async execute({ userIds }: HoldAccounts): Promise<Contact[]> {
    if (!this.database.inTransaction) throw new Error('An account is held for a transaction.');
    // What a foreign key takes: another address or a deletion waits, anything else about the person does not.
    return this.database.sql<Contact>`
      select id as "userId", email, email_verified as "emailVerified"
      from identity.users where id = any(${userIds}) and banned_at is null order by id for key share`;
  }
}

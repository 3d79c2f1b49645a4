import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { type Contact, FindContacts } from '../contracts/index.ts';

@QueryHandler(FindContacts)
export class FindContactsHandler implements IQueryHandler<FindContacts> {
  constructor(private readonly database: Database) {}

  async execute({ userIds }: FindContacts): Promise<Contact[]> {
    return this.database.sql<Contact>`
      select id as "userId", email, email_verified as "emailVerified"
      from identity.users where id = any(${userIds}) and banned_at is null`;
  }
}

import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { userColumns, type UserView } from './user-view.ts';

/** @throws DomainError identity.user-not-found */
export class FindUser extends Query<UserView> {
  constructor(readonly id: string) {
    super();
  }
}

@QueryHandler(FindUser)
export class FindUserHandler implements IQueryHandler<FindUser> {
  constructor(private readonly database: Database) {}

  async execute({ id }: FindUser): Promise<UserView> {
    const [user] = await this.database.sql<UserView>`
      select ${userColumns} from identity.users where id = ${id}`;
    if (!user) throw userNotFound();
    return user;
  }
}

export const userNotFound = () =>
  new DomainError('not-found', 'identity.user-not-found', 'There is no such account.');

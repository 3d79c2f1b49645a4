import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Role } from '#platform/http';
import { Database, fragment } from '#platform/persistence';
import { userColumns, type UserStatus, type UserView } from './user-view.ts';

export interface UserFilter {
  readonly roles?: readonly Role[] | undefined;
  readonly statuses?: readonly UserStatus[] | undefined;
  /** Part of the address or the name, in any case. */
  readonly text?: string | undefined;
}

/** A page of the accounts, newest first, and how many there are in all. */
export class ListUsers extends Query<{ items: UserView[]; total: number }> {
  constructor(
    readonly filter: UserFilter,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListUsers)
export class ListUsersHandler implements IQueryHandler<ListUsers> {
  constructor(private readonly database: Database) {}

  async execute({ filter, page, perPage }: ListUsers): Promise<{ items: UserView[]; total: number }> {
    const { roles, statuses, text } = filter;
    const like = `%${(text ?? '').replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const where = fragment`
      true
      ${roles ? fragment`and role = any(${roles})` : fragment``}
      ${statuses ? fragment`and (banned_at is null) = any(${statuses.map((one) => one === 'active')})` : fragment``}
      ${text ? fragment`and (email ilike ${like} or name ilike ${like})` : fragment``}`;
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`select count(*) as total from identity.users where ${where}`,
      this.database.sql<UserView>`
        select ${userColumns} from identity.users where ${where}
        order by id desc limit ${perPage} offset ${(page - 1) * perPage}`,
    ]);
    return { items, total };
  }
}

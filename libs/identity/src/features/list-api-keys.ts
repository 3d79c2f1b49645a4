import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { apiKeyColumns, type ApiKeyView } from './api-key-view.ts';

/** A page of a person's keys, newest first, and how many there are in all. */
export class ListApiKeys extends Query<{ items: ApiKeyView[]; total: number }> {
  constructor(
    readonly userId: string,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListApiKeys)
export class ListApiKeysHandler implements IQueryHandler<ListApiKeys> {
  constructor(private readonly database: Database) {}

  async execute({ userId, page, perPage }: ListApiKeys): Promise<{ items: ApiKeyView[]; total: number }> {
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`
        select count(*) as total from identity.api_keys where user_id = ${userId}`,
      this.database.sql<ApiKeyView>`
        select ${apiKeyColumns} from identity.api_keys where user_id = ${userId}
        order by id desc limit ${perPage} offset ${(page - 1) * perPage}`,
    ]);
    return { items, total };
  }
}

import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { type Cursor, FindCursor } from '../contracts/index.ts';

@QueryHandler(FindCursor)
export class FindCursorHandler implements IQueryHandler<FindCursor> {
  constructor(private readonly database: Database) {}

  async execute({ symbol, source }: FindCursor): Promise<Cursor | null> {
    const [cursor] = await this.database.sql<Cursor>`
      select source, tick_id as "tickId" from alerts.cursors where symbol = ${symbol} and source = ${source}`;
    return cursor ?? null;
  }
}

import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import { Suppressions } from './suppressions.ts';

/** An address that an operator suppressed, which is not kept itself: whoever has it can ask whether it is the one. */
export interface SuppressionView {
  readonly id: string;
  readonly reason: string | null;
  readonly createdAt: Date;
}

/** A page of what operators suppressed, newest first; of one address when it is named, in any case. */
export class ListSuppressions extends Query<{ items: SuppressionView[]; total: number }> {
  constructor(
    readonly address: string | undefined,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListSuppressions)
export class ListSuppressionsHandler implements IQueryHandler<ListSuppressions> {
  constructor(
    private readonly database: Database,
    private readonly suppressions: Suppressions,
  ) {}

  async execute({ address, page, perPage }: ListSuppressions): Promise<{
    items: SuppressionView[];
    total: number;
  }> {
    const where =
      address === undefined ? fragment`` : fragment`where address_hash = ${this.suppressions.hash(address)}`;
    const { total } = await this.database.one<{ total: number }>`
      select count(*) as total from delivery.operator_suppressions ${where}`;
    const items = await this.database.sql<SuppressionView>`
      select id, reason, created_at as "createdAt" from delivery.operator_suppressions ${where}
      order by id desc limit ${perPage} offset ${(page - 1) * perPage}`;
    return { items, total };
  }
}

import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import type { AuditType } from './audit-log.ts';

export interface AuditFilter {
  readonly types?: readonly AuditType[] | undefined;
  /** Whose accounts the entries are about. */
  readonly userIds?: readonly string[] | undefined;
}

/** An entry of the audit log. */
export interface AuditView {
  readonly id: string;
  readonly at: Date;
  readonly type: AuditType;
  readonly userId: string | null;
  readonly actorId: string | null;
  readonly address: string | null;
  readonly details: Readonly<Record<string, string | readonly string[] | null>>;
}

/**
 * A page of the audit log, newest first, and how many entries there are in all. Whose own it is does not see from where
 * somebody else did it: that is the other's to keep.
 */
export class ListAudit extends Query<{ items: AuditView[]; total: number }> {
  constructor(
    readonly filter: AuditFilter,
    readonly reader: 'admin' | 'owner',
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListAudit)
export class ListAuditHandler implements IQueryHandler<ListAudit> {
  constructor(private readonly database: Database) {}

  async execute({
    filter,
    reader,
    page,
    perPage,
  }: ListAudit): Promise<{ items: AuditView[]; total: number }> {
    const { types, userIds } = filter;
    const where = fragment`
      true
      ${types ? fragment`and type = any(${types})` : fragment``}
      ${userIds ? fragment`and user_id = any(${userIds})` : fragment``}`;
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`select count(*) as total from identity.audit where ${where}`,
      this.database.sql<AuditView>`
        select id, at, type, user_id as "userId", actor_id as "actorId", details,
          case when ${reader === 'admin'} or coalesce(actor_id, user_id) = user_id then address end as address
        from identity.audit where ${where}
        order by id desc limit ${perPage} offset ${(page - 1) * perPage}`,
    ]);
    return { items, total };
  }
}

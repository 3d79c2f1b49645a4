import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { FindHold, type HeldMessages, type Hold } from '../contracts/index.ts';

@QueryHandler(FindHold)
export class FindHoldHandler implements IQueryHandler<FindHold> {
  constructor(private readonly database: Database) {}

  async execute(): Promise<Hold | null> {
    const [hold] = await this.database.sql<Omit<Hold, 'waiting'>>`select since, reason from delivery.hold`;
    return hold ? { ...hold, waiting: await this.waiting(hold.since) } : null;
  }

  private waiting(since: Date): Promise<HeldMessages[]> {
    return this.database.sql<HeldMessages>`
      select kind, before_hold as "beforeHold",
        count(*) filter (where age < interval '1 hour') as "lastHour",
        count(*) filter (where age >= interval '1 hour' and age < interval '24 hours') as "lastDay",
        count(*) filter (where age >= interval '24 hours') as older,
        count(*) filter (where tainted) as tainted, min(created_at) as oldest
      from (
        select created_at, now() - created_at as age, created_at <= ${since} as before_hold,
          -- What a worker held when it was lost is swept into "retrying" soon.
          tainted or status = 'sending' as tainted,
          case when notification_id is null then 'account' when exists (
            select from delivery.delivery_sources as link
            where link.delivery_id = delivery.id and link.source_type = 'alert')
          then 'alert' else 'notification' end as kind
        from delivery.deliveries as delivery
        where status in ('pending', 'retrying', 'sending')) as delivery
      group by kind, before_hold order by before_hold desc, kind`;
  }
}

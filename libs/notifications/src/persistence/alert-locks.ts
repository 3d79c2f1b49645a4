import { Injectable } from '@nestjs/common';
import { Database } from '#platform/persistence';

/**
 * Orders what is told of an alert against its deletion: whoever tells holds a share lock on the alert's row
 * until commit, and deletion waits for it. So deletion sees every notification of its alert, or none follows.
 */
@Injectable()
export class AlertLocks {
  constructor(private readonly database: Database) {}

  /** Share-locks those of the alerts that are not deleted, until the transaction ends. */
  async share(alertIds: readonly string[]): Promise<Set<string>> {
    if (alertIds.length === 0) return new Set();
    await this.database.sql`
      insert into notifications.alerts (id)
      select distinct id from unnest(${alertIds}::uuid[]) as given(id) order by id on conflict do nothing`;
    const rows = await this.database.sql<{ id: string }>`
      select id from notifications.alerts
      where id = any(${alertIds}) and deleted_at is null order by id for share`;
    return new Set(rows.map(({ id }) => id));
  }

  /** Marks an alert deleted, after every transaction that is telling of it. */
  async delete(alertId: string, at: Date): Promise<void> {
    await this.database.sql`
      insert into notifications.alerts (id, deleted_at) values (${alertId}, ${at})
      on conflict (id) do update set deleted_at = coalesce(alerts.deleted_at, excluded.deleted_at)`;
  }
}

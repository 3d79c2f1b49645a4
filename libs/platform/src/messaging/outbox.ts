import { Injectable } from '@nestjs/common';
import type { DomainEvent } from '#kernel';
import { Database } from '../persistence/database.ts';

/** Events of set-based statements; those of aggregates are collected when they are flushed. */
@Injectable()
export class Outbox {
  constructor(private readonly database: Database) {}

  /**
   * Writes the events in the ambient transaction; they are relayed once `afterMs` milliseconds have passed. An event
   * carries at most 1,000 ids (design, section 2).
   */
  async append(events: readonly DomainEvent[], afterMs = 0): Promise<void> {
    if (events.length === 0) return;
    if (!this.database.inTransaction)
      throw new Error('An event is recorded in the transaction of its change only.');
    const rows = events.map(({ id, type, payload, occurredAt }) => ({
      id,
      type,
      payload,
      occurred_at: occurredAt,
    }));
    await this.database.sql`
      insert into platform.outbox (id, type, payload, occurred_at, due_at)
      select id, type, payload, occurred_at, now() + ${afterMs} * interval '1 millisecond'
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as event(id uuid, type text, payload jsonb, occurred_at timestamptz)`;
  }

  /** How many events that occurred by then are not relayed yet. */
  async owed(by: Date): Promise<number> {
    const { owed } = await this.database.one<{ owed: number }>`
      select count(*) as owed from platform.outbox where published_at is null and occurred_at <= ${by}`;
    return owed;
  }
}

import { Database } from '#platform/persistence';
import type { Receipt } from '../domain/receipt.ts';

export const historyTypes = ['created', 'edited', 'paused', 'resumed', 'triggered', 'deleted'] as const;

export interface HistoryEntry {
  readonly alertId: string;
  readonly type: (typeof historyTypes)[number];
  readonly at: Date;
  readonly actor: 'user' | 'engine';
  readonly receipt?: Receipt;
}

/** Appends to the history in the ambient transaction; entries are never changed or removed. */
export async function recordHistory(database: Database, entries: readonly HistoryEntry[]): Promise<void> {
  await database.sql`
    insert into alerts.history (alert_id, type, at, actor, receipt)
    select "alertId", type, at, actor, receipt
    from json_to_recordset(${JSON.stringify(entries)}::json)
      as entry("alertId" uuid, type text, at timestamptz, actor text, receipt jsonb)`;
}

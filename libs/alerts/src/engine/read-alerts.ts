import { Database, fragment } from '#platform/persistence';
import type { WatchedAlert } from './watched-alert.ts';

interface Row extends Omit<WatchedAlert, 'condition' | 'value' | 'changedIn'> {
  readonly operator: WatchedAlert['condition']['operator'];
  readonly target: string;
  readonly changedIn: string;
}

const columns = fragment`
  id, symbol, operator, trim_scale(target)::text as target, version, status, direction,
  reference_source as source, reference_trade_id as reference,
  coalesce(evaluated_through, 0) as "evaluatedThrough", changed_in::text as "changedIn"`;

const fromRow = ({ operator, target, changedIn, ...row }: Row): WatchedAlert => ({
  ...row,
  condition: { operator, value: target },
  value: Number(target),
  changedIn: BigInt(changedIn),
});

/** Everything committed by transactions older than this is visible now; nothing of them can appear later. */
export async function changesCompleteBelow(database: Database): Promise<bigint> {
  const { xmin } = await database.one<{ xmin: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xmin`;
  return BigInt(xmin);
}

/** Alerts changed by transactions in [from, below), whatever their status. */
export async function readChangedAlerts(
  database: Database,
  from: bigint,
  below: bigint,
): Promise<WatchedAlert[]> {
  const rows = await database.sql<Row>`
    select ${columns} from alerts.alerts
    where changed_in >= ${String(from)}::xid8 and changed_in < ${String(below)}::xid8`;
  return rows.map(fromRow);
}

/** All active alerts, in pages, so that a million of them never stand in memory twice. */
export async function* readActiveAlerts(
  database: Database,
  pageSize = 10_000,
): AsyncGenerator<WatchedAlert[]> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = await database.sql<Row>`
      select ${columns} from alerts.alerts
      where status = 'active' and id > ${after} order by id limit ${pageSize}`;
    if (rows.length > 0) yield rows.map(fromRow);
    if (rows.length < pageSize) return;
    after = rows.at(-1)?.id ?? after;
  }
}

/** These alerts as they are now. */
export async function readAlerts(database: Database, ids: readonly string[]): Promise<WatchedAlert[]> {
  return (await database.sql<Row>`select ${columns} from alerts.alerts where id = any(${ids})`).map(fromRow);
}

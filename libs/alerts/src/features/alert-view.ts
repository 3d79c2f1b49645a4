import { Database, fragment } from '#platform/persistence';
import type { AlertStatus } from '../domain/alert.ts';
import type { Direction, PriceCondition } from '../domain/price-condition.ts';

/** An alert as its owner sees it; decimals are strings. */
export interface AlertView {
  readonly id: string;
  readonly symbol: string;
  readonly condition: PriceCondition;
  readonly direction: Direction | null;
  readonly referencePrice: string | null;
  readonly referenceTradeId: number | null;
  readonly referenceAt: Date | null;
  readonly frequency: 'once';
  readonly cooldown: null;
  readonly expiresAt: null;
  readonly note: string | null;
  readonly channels: ['email'];
  readonly status: AlertStatus;
  readonly version: number;
  readonly createdAt: Date;
  readonly triggeredAt: Date | null;
  readonly triggeredPrice: string | null;
  readonly triggerCount: number;
  readonly deletedAt: Date | null;
}

/** The select list of {@link AlertView}, shared by everything that reads alerts. */
export const alertColumns = fragment`
  id, symbol, json_build_object('operator', operator, 'value', trim_scale(target)::text) as condition, direction,
  trim_scale(reference_price)::text as "referencePrice", reference_trade_id as "referenceTradeId",
  reference_at as "referenceAt", 'once' as frequency, null as cooldown, null as "expiresAt", note,
  array['email'] as channels, status, version, created_at as "createdAt", triggered_at as "triggeredAt",
  trim_scale(triggered_price)::text as "triggeredPrice", trigger_count as "triggerCount", deleted_at as "deletedAt"`;

/** Reads one alert of its owner; null when there is none. */
export async function readAlert(database: Database, id: string, userId: string): Promise<AlertView | null> {
  const [alert] = await database.sql<AlertView>`
    select ${alertColumns} from alerts.alerts where id = ${id} and user_id = ${userId}`;
  return alert ?? null;
}

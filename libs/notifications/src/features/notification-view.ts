import type { Recipient } from '../contracts/index.ts';
import { Database, fragment } from '#platform/persistence';
import type { DeletionOutcome } from '../domain/deletion.ts';
import { type DeliveryCounts, shown } from '../domain/delivery-counts.ts';
import type { LineItem } from '../domain/line-item.ts';
import type { NotificationStatus } from '../domain/notification-status.ts';
import type { NotificationKind } from '../domain/notification.ts';

/** A notification as those who may see it see it. */
export interface NotificationView {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly subject: string;
  readonly message: string;
  readonly lineItems: readonly LineItem[];
  readonly recipients: readonly Recipient[];
  readonly alertIds: readonly string[];
  readonly campaignId: null;
  readonly status: NotificationStatus;
  readonly version: number;
  readonly createdAt: Date;
  readonly sendAt: Date | null;
  readonly deletion: { readonly outcome: DeletionOutcome; readonly at: string } | null;
  readonly deliveries: DeliveryCounts;
}

const columns = fragment`
  id, kind, subject, message, line_items as "lineItems", recipients,
  jsonb_path_query_array(firings, '$[*].alertId') as "alertIds", null as "campaignId",
  status, version, created_at as "createdAt", send_at as "sendAt", deletion - 'deliveries' as deletion,
  counts as deliveries`;

/** Reads notifications of which `rest` (the statement from `where` on) tells which and in what order. */
export async function readNotifications(
  database: Database,
  rest: ReturnType<typeof fragment>,
): Promise<NotificationView[]> {
  const rows = await database.sql<NotificationView>`
    select ${columns} from notifications.notifications ${rest}`;
  return rows.map((row) => ({ ...row, deliveries: shown(row.deliveries) }));
}

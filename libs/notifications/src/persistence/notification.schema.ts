import { defineEntity, p } from '@mikro-orm/core';
import type { Recipient } from '../contracts/index.ts';
import type { Deletion } from '../domain/deletion.ts';
import type { DeliveryCounts } from '../domain/delivery-counts.ts';
import type { LineItem } from '../domain/line-item.ts';
import type { NotificationStatus } from '../domain/notification-status.ts';
import { type Firing, Notification, type NotificationKind } from '../domain/notification.ts';

export const NotificationSchema = defineEntity({
  class: Notification,
  schema: 'notifications',
  tableName: 'notifications',
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<NotificationKind>(),
    ownerId: p.uuid().fieldName('owner_id'),
    subject: p.text(),
    message: p.text(),
    lineItems: p.json().$type<readonly LineItem[]>().fieldName('line_items'),
    recipients: p.json().$type<readonly Recipient[]>(),
    firings: p.json().$type<readonly Firing[]>(),
    status: p.text().$type<NotificationStatus>(),
    version: p.integer(),
    createdAt: p.datetime().fieldName('created_at'),
    sendAt: p.datetime().fieldName('send_at').nullable(),
    requested: p.integer().nullable(),
    counts: p.json().$type<DeliveryCounts>(),
    deletion: p.json().$type<Deletion>().nullable(),
  },
});

import { z } from 'zod';
import { pageOf } from '#platform/http';
import { quoteFields } from '../domain/line-item.ts';
import { notificationStatuses } from '../domain/notification-status.ts';
import { notificationKinds } from '../domain/notification.ts';
import { recipient } from './notifications.dto.ts';

const count = z.int().min(0);
const deliveryCounts = z
  .object({
    pending: count,
    sending: count,
    retrying: count,
    sent: count,
    failed: count,
    cancelled: count,
    suppressed: count,
    unknown: count,
  })
  .describe('How many deliveries are in each state, at most a second behind.')
  .meta({
    id: 'DeliveryCounts',
    example: {
      pending: 0,
      sending: 0,
      retrying: 0,
      sent: 2,
      failed: 0,
      cancelled: 0,
      suppressed: 0,
      unknown: 0,
    },
  });

const time = z.iso.datetime();
const decimal = z.string().nullable().optional();

const lineItem = z
  .object({
    symbol: z.string().meta({ example: 'BTC-USD' }),
    currency: z.string().describe('Currency of prices and market capitalisation.').meta({ example: 'USD' }),
    fields: z.array(z.enum(quoteFields)),
    values: z
      .object({
        price: decimal,
        volume24h: decimal,
        dayHigh: decimal,
        dayLow: decimal,
        marketCap: decimal,
        change24hPercent: decimal,
      })
      .nullable()
      .describe('The named fields as sent, null where not known; null before sending begins.')
      .meta({ example: { price: '33000.5', marketCap: null } }),
    volumeUnit: z.string().nullable().describe('Unit of `volume24h`.'),
    source: z.string().nullable().describe('Where the values come from.'),
    asOf: time.nullable().describe('Time of the values.'),
  })
  .meta({ id: 'LineItem' });

export const notification = z
  .object({
    id: z.uuid(),
    kind: z.enum(notificationKinds),
    subject: z.string(),
    message: z.string(),
    lineItems: z.array(lineItem),
    recipients: z.array(recipient),
    alertIds: z.array(z.uuid()).describe('The alerts it tells of.'),
    campaignId: z.uuid().nullable(),
    status: z.enum(notificationStatuses).describe('Derived from the deliveries.'),
    version: z.int().describe('Counts edits.'),
    createdAt: time,
    sendAt: time.nullable(),
    deletion: z
      .object({
        outcome: z.enum(['cancelled', 'stopped', 'pending']).describe('What the deletion could still stop.'),
        at: time,
      })
      .nullable(),
    deliveries: deliveryCounts,
  })
  .meta({ id: 'Notification' });

export const notificationPage = pageOf(notification).meta({ id: 'NotificationPage' });

export const deleted = z
  .object({
    id: z.uuid(),
    outcome: z
      .enum(['cancelled', 'stopped'])
      .describe(
        '`cancelled`: nothing was or will be accepted. `stopped`: part was, or may have been; no more will.',
      ),
    deliveries: deliveryCounts,
  })
  .meta({ id: 'DeletedNotification' });

export const beingDeleted = z
  .object({
    id: z.uuid(),
    outcome: z.literal('pending'),
    inFlight: z.array(z.uuid()).describe('Attempts that are being handed over; no new one starts.'),
    deliveries: deliveryCounts,
  })
  .meta({ id: 'NotificationBeingDeleted' });
export type DeletionAnswer = z.infer<typeof deleted> | z.infer<typeof beingDeleted>;

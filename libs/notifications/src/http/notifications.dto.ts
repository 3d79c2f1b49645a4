import { z } from 'zod';
import { filterOf, pageOf, pageQuery } from '#platform/http';
import { quoteFields } from '../domain/line-item.ts';
import { notificationStatuses } from '../domain/notification-status.ts';
import { notificationKinds } from '../domain/notification.ts';

// Postgres stores neither NUL nor half a surrogate pair, and a line break in a subject would start a header.
const storable = (text: string) => text.isWellFormed() && !text.includes('\0');
const oneLine = (text: string) => !/[\p{Cc}\u2028\u2029]/u.test(text);

const address = z
  .string()
  .trim()
  .max(254, 'An address has at most 254 characters.')
  .pipe(z.email('Give a mail address.'));

const recipient = z
  .strictObject({
    channel: z.literal('email', 'Allowed values: email.').describe('How the message travels.'),
    to: address.describe('Mail address.').meta({ example: 'ada@example.org' }),
  })
  .meta({ id: 'Recipient' });

const recipients = z
  .array(recipient)
  .max(1000, 'Name at most 1,000 recipients.')
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const [index, { to }] of list.entries()) {
      const key = to.toLowerCase();
      if (seen.has(key)) {
        const message = 'This address is named twice; case does not matter.';
        context.addIssue({ code: 'custom', path: [index, 'to'], message });
      }
      seen.add(key);
    }
  })
  .describe('Who gets it, at most 1,000 and each once.');

const field = z.enum(quoteFields, `Allowed values: ${quoteFields.join(', ')}.`);

const lineItemInput = z
  .strictObject({
    symbol: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9._-]{1,32}$/, 'Give a symbol such as BTC-USD.')
      .describe('Symbol or alias, in any case.')
      .meta({ example: 'BTC-USD' }),
    fields: z
      .array(field)
      .min(1, 'Name at least one field.')
      .refine((fields) => new Set(fields).size === fields.length, 'Name each field once.')
      .describe("Which of the market's values to quote, in this order.")
      .meta({ example: ['price', 'volume24h', 'dayHigh', 'marketCap'] }),
  })
  .meta({ id: 'LineItemInput' });

export const createBody = z
  .strictObject({
    subject: z
      .string()
      .trim()
      .min(1, 'Give a subject.')
      .max(200, 'A subject has at most 200 characters.')
      .refine(
        (text) => text.isWellFormed() && oneLine(text),
        'A subject has no line breaks or control characters.',
      )
      .describe('Subject of the mail, one line.')
      .meta({ example: 'Bitcoin today' }),
    message: z
      .string()
      .max(10_000, 'A message has at most 10,000 characters.')
      .refine(storable, 'A message is plain text without NUL characters.')
      .default('')
      .describe('Plain text; line breaks are kept.')
      .meta({ example: 'The market this morning:' }),
    lineItems: z
      .array(lineItemInput)
      .max(20, 'Name at most 20 line items.')
      .default([])
      .describe('Market values to quote, taken when sending begins.'),
    recipients: recipients.default([]),
    sendAt: z
      .null('Sending at a given time is not available yet; leave sendAt null and send the draft.')
      .optional()
      .describe('Reserved for scheduling; null.'),
  })
  .refine(({ message, lineItems }) => message.trim() !== '' || lineItems.length > 0, {
    path: ['message'],
    error: 'Give a message or a line item; there is nothing to say.',
  })
  .meta({ id: 'NotificationInput' });
export type CreateBody = z.infer<typeof createBody>;

export const sendBody = z
  .strictObject({ recipients: recipients.optional() })
  .nullish()
  .meta({ id: 'SendInput' });
export type SendBody = z.infer<typeof sendBody>;

const statusFilter = [...notificationStatuses, 'outstanding'] as const;

export const listQuery = z.strictObject({
  status: filterOf(statusFilter, 'Statuses; `outstanding` is short for scheduled, pending and sending.'),
  kind: filterOf(notificationKinds, 'Kinds.'),
  alertId: z.uuid('Give the id of an alert.').optional().describe('Only what tells of this alert.'),
  ...pageQuery,
});
export type ListQuery = z.infer<typeof listQuery>;

export const deliveriesQuery = z.strictObject(pageQuery);
export type DeliveriesQuery = z.infer<typeof deliveriesQuery>;

export const notificationId = z.uuid('Give the id of a notification.').describe('Id of the notification.');

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

const attempt = z
  .object({
    id: z.uuid(),
    number: z.int().min(1),
    outcome: z
      .enum(['accepted', 'refused', 'failed', 'ambiguous'])
      .nullable()
      .describe('Null while it is under way.'),
    provider: z.string(),
    code: z.string().nullable().meta({ example: '250' }),
    response: z.string().nullable(),
    messageId: z.string().nullable(),
    claimedAt: time,
    handedOverAt: time.nullable(),
    settledAt: time.nullable(),
    durationMs: z.number().nullable().describe('Milliseconds from hand-over to answer.'),
  })
  .meta({ id: 'Attempt' });

export const deliveryPage = pageOf(
  z
    .object({
      id: z.uuid(),
      channel: z.literal('email'),
      to: z.string(),
      status: z.enum(deliveryCounts.keyof().options),
      reason: z.string().nullable().describe('Why it ended as it did.'),
      createdAt: time,
      settledAt: time.nullable(),
      attempts: z.array(attempt).describe('Every try to hand it to a provider.'),
    })
    .meta({ id: 'Delivery' }),
).meta({ id: 'DeliveryPage' });

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

import { z } from 'zod';
import { changesOf, filterOf, isOneLine, isStorable, pageQuery } from '#platform/http';
import { quoteFields } from '../domain/line-item.ts';
import { notificationStatuses } from '../domain/notification-status.ts';
import { notificationKinds } from '../domain/notification.ts';

const address = z
  .string()
  .trim()
  .max(254, 'An address has at most 254 characters.')
  .pipe(z.email('Give a mail address.'));

export const recipient = z
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

const subject = z
  .string()
  .trim()
  .min(1, 'Give a subject.')
  .max(200, 'A subject has at most 200 characters.')
  .refine(isOneLine, 'A subject has no line breaks or control characters.')
  .describe('Subject of the mail, one line.')
  .meta({ example: 'Bitcoin today' });

const message = z
  .string()
  .max(10_000, 'A message has at most 10,000 characters.')
  .refine(isStorable, 'A message is plain text without NUL characters.')
  .describe('Plain text; line breaks are kept.')
  .meta({ example: 'The market this morning:' });

const lineItems = z
  .array(lineItemInput)
  .max(20, 'Name at most 20 line items.')
  .describe('Market values to quote, taken when sending begins.');

export const createBody = z
  .strictObject({
    subject,
    message: message.default(''),
    lineItems: lineItems.default([]),
    recipients: recipients.default([]),
    sendAt: z
      .null('Sending at a given time is not available yet; leave sendAt null and send the draft.')
      .optional()
      .describe('Reserved for scheduling; null.'),
  })
  .meta({ id: 'NotificationInput' });
export type CreateBody = z.infer<typeof createBody>;

export const editBody = changesOf({ subject, message, lineItems, recipients }).meta({
  id: 'NotificationChanges',
});
export type EditBody = z.infer<typeof editBody>;

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

export const notificationId = z.uuid('Give the id of a notification.').describe('Id of the notification.');

import { z } from 'zod';
import { filterOf, isStorable, pageOf, pageQuery } from '#platform/http';
import { deliveryStates } from '../contracts/index.ts';
import { searchDepth } from '../features/search-deliveries.ts';

const time = z.iso.datetime();

const attempt = z
  .object({
    id: z.uuid(),
    number: z.int().min(1),
    outcome: z
      .enum(['accepted', 'refused', 'failed', 'ambiguous'])
      .nullable()
      .describe('Null while it is under way; `ambiguous`: nobody knows whether the provider took it.'),
    provider: z.string(),
    workerId: z.int().describe('Of the worker that made it; a worker gets another one whenever it was lost.'),
    request: z
      .object({
        from: z.string(),
        to: z.string(),
        bytes: z.int(),
        tls: z.string().nullable().describe('The protocol that encrypted it.').meta({ example: 'TLSv1.3' }),
        authenticated: z.boolean(),
      })
      .nullable()
      .describe('What was handed over, or would have been; null when it never came to that.'),
    code: z.string().nullable().meta({ example: '250' }),
    response: z.string().nullable(),
    messageId: z.string().nullable(),
    scheduledAt: time.nullable().describe('When it was due.'),
    claimedAt: time,
    handedOverAt: time.nullable(),
    settledAt: time.nullable(),
    durationMs: z.number().nullable().describe('Milliseconds from hand-over to answer.'),
  })
  .meta({ id: 'Attempt' });

export const delivery = z
  .object({
    id: z.uuid(),
    notificationId: z.uuid().nullable().describe('Null for a mail that tells of an account.'),
    channel: z.literal('email'),
    to: z.string().describe('Empty once the account it belongs to was deleted.'),
    status: z.enum(deliveryStates),
    reason: z.string().nullable().describe('Why it ended as it did, or waits.'),
    messageId: z.string().describe('The `Message-ID` of all its attempts.'),
    retryOf: z.uuid().nullable().describe('The failed delivery that this one repeats.'),
    retriedBy: z.uuid().nullable().describe('The delivery that repeats this one, and counts in its place.'),
    tainted: z.boolean().describe('Whether somebody may have been handed it before its outcome was known.'),
    createdAt: time,
    scheduledAt: time.describe('When its next attempt is due, or its last one was.'),
    settledAt: time.nullable(),
    attempts: z.array(attempt).describe('Every try to hand it to a provider.'),
  })
  .meta({ id: 'Delivery' });

export const deliveryPage = pageOf(delivery).meta({ id: 'DeliveryPage' });

export const notificationId = z.uuid('Give the id of a notification.').describe('Id of the notification.');
export const deliveryId = z.uuid('Give the id of a delivery.').describe('Id of the delivery.');

export const pagesQuery = z.strictObject(pageQuery);
export type PagesQuery = z.output<typeof pagesQuery>;

/** A whole address, to compare with. */
export const address = z
  .string()
  .trim()
  .min(1, 'Give an address.')
  .max(254, 'An address has at most 254 characters.')
  .refine(isStorable, 'Give a text without NUL characters.');

const instant = z.iso
  .datetime({ offset: true, error: 'Give a time such as 2026-11-22T10:00:00Z.' })
  .transform((text) => new Date(text));

export const searchQuery = z
  .strictObject({
    status: filterOf(deliveryStates, 'Only deliveries in these states.'),
    to: address.optional().describe('Only to this address, the whole of it, in any case.'),
    from: instant.optional().describe('Only those made at this time or later.'),
    until: instant.optional().describe('Only those made before this time.'),
    ...pageQuery,
  })
  .superRefine(({ from, until, page, per_page: perPage }, context) => {
    if (from && until && from >= until) {
      context.addIssue({ code: 'custom', path: ['until'], message: 'Give a time after `from`.' });
    }
    if (page * perPage > searchDepth) {
      const message = `Only the newest ${searchDepth} are paged through; reach older ones by \`until\`.`;
      context.addIssue({ code: 'custom', path: ['page'], message });
    }
  });
export type SearchQuery = z.output<typeof searchQuery>;

export const retryBody = z
  .strictObject({
    acceptDuplicate: z
      .boolean()
      .default(false)
      .describe('Needed where the state is `unknown`: it may arrive a second time.'),
  })
  .nullish()
  .meta({ id: 'RetryInput' });
export type RetryBody = z.output<typeof retryBody>;

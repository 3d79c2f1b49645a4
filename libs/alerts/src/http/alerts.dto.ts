import { z } from 'zod';
import {
  changesOf,
  decimalInput,
  decimalOutput,
  filterOf,
  isStorable,
  namesIn,
  pageOf,
  pageQuery,
} from '#platform/http';
import { alertStatuses } from '../domain/alert.ts';
import { operators } from '../domain/price-condition.ts';
import { historyTypes } from '../features/record-history.ts';

const operator = z.enum(operators, { error: `Supported operators: ${operators.join(', ')}.` });

const note = z
  .string()
  .max(1000, 'A note has at most 1,000 characters.')
  .refine(isStorable, 'A note is plain text without NUL characters.')
  .nullable()
  .describe('Plain text for the message.')
  .meta({ example: 'sell?' });

const target = decimalInput
  .describe('Short for `{"operator": "crossing", "value": …}`.')
  .meta({ example: '33000' });

const condition = z
  .strictObject({ operator, value: decimalInput })
  .describe('When the alert speaks; `crossing` reaches its value from whichever side the price comes.');

export const createAlertBody = z
  .strictObject({
    symbol: z
      .string()
      .trim()
      .min(1)
      .max(32)
      .describe('Symbol or alias, in any case.')
      .meta({ example: 'BTC-USD' }),
    target: target.optional(),
    condition: condition.optional(),
    frequency: z.enum(['once'], { error: 'Supported frequencies: once.' }).optional(),
    cooldown: z.iso
      .duration({ error: 'Give an ISO 8601 duration, such as PT1H.' })
      .nullable()
      .optional()
      .describe('Pause between firings; without effect on an alert that fires once.'),
    expiresAt: z.null({ error: 'Expiry is not supported yet; leave it out.' }).optional(),
    note: note.optional(),
    channels: z
      .array(z.enum(['email'], { error: 'Supported channels: email.' }))
      .min(1)
      .max(1)
      .optional(),
  })
  .superRefine(({ target, condition }, context) => {
    if ((target === undefined) === (condition === undefined)) {
      const message = 'Give either `target` or `condition`.';
      context.addIssue({ code: 'custom', path: ['target'], message });
    }
  })
  .meta({ id: 'CreateAlert' });
export type CreateAlertBody = z.output<typeof createAlertBody>;

/** Where a body names the level. */
export const valuePointer = ({ condition: given }: { readonly condition?: unknown }): string =>
  given === undefined ? '/target' : '/condition/value';

export const editAlertBody = changesOf({
  target,
  condition,
  note,
  status: z
    .enum(['active', 'paused'])
    .describe('`paused` keeps it from firing; `active` begins anew at the last price.'),
})
  .refine(({ target: short, condition: long }) => short === undefined || long === undefined, {
    path: ['target'],
    error: 'Give either `target` or `condition`.',
  })
  .meta({ id: 'AlertChanges' });
export type EditAlertBody = z.output<typeof editAlertBody>;

export const alert = z
  .object({
    id: z.uuid(),
    symbol: z.string(),
    condition: z.object({ operator, value: decimalOutput }),
    direction: z
      .enum(['up', 'down'])
      .nullable()
      .describe('From which side the level is reached; null before a first price.'),
    referencePrice: decimalOutput.nullable().describe('Price of the trade that the alert starts from.'),
    referenceTradeId: z.int().nullable().describe("The exchange's id of that trade; only later ones count."),
    referenceAt: z.iso.datetime().nullable(),
    frequency: z.literal('once'),
    cooldown: z.null(),
    expiresAt: z.null(),
    note: z.string().nullable(),
    channels: z.array(z.literal('email')),
    status: z.enum(alertStatuses),
    version: z.int().describe('Counts changes.'),
    createdAt: z.iso.datetime(),
    triggeredAt: z.iso.datetime().nullable().describe('When the crossing trade happened.'),
    triggeredPrice: decimalOutput.nullable().describe('The traded price that reached the level.'),
    triggerCount: z.int(),
    deletedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Alert' });

export const alertPage = pageOf(alert).meta({ id: 'AlertPage' });

export const listAlertsQuery = z.strictObject({
  status: filterOf(alertStatuses, 'Only alerts in these states; all when absent.'),
  symbol: z
    .string()
    .max(1000)
    .transform(namesIn)
    .optional()
    .describe('Only alerts on these symbols or aliases, comma-separated.'),
  ...pageQuery,
});
export type ListAlertsQuery = z.output<typeof listAlertsQuery>;

const receiptTick = z.object({
  source: z.string(),
  tradeId: z.int().describe("The exchange's id of the trade."),
  price: decimalOutput,
  at: z.iso.datetime(),
});

export const alertHistory = z
  .object({
    items: z.array(
      z.object({
        type: z.enum(historyTypes),
        at: z.iso.datetime(),
        actor: z.enum(['user', 'engine']),
        receipt: z
          .object({
            previous: receiptTick.nullable().describe('The trade before.'),
            crossing: receiptTick.describe('The trade that reached the level.'),
            condition: z.object({ operator, value: decimalOutput }),
            alertVersion: z.int().describe('Version of the rule that was compared.'),
            origin: z.enum(['live', 'backfill']).describe('Whether the trade came live or from the history.'),
            timeline: z.object({ receivedAt: z.iso.datetime(), decidedAt: z.iso.datetime() }),
            notificationId: z.uuid().nullable().describe('The message that told of it.'),
          })
          .optional(),
      }),
    ),
  })
  .meta({ id: 'AlertHistory' });

export const deletedAlert = z
  .object({
    inFlight: z.array(z.uuid()).describe('Attempts that were being handed over; no new one starts.'),
  })
  .meta({ id: 'DeletedAlert' });

export const alertId = z.uuid({ error: 'Give the id of an alert.' });

import { z } from 'zod';
import { pageOf, pageQuery, scopes } from '#platform/http';
import { name } from './auth.dto.ts';

/** Named twice, a thing is at two places: the second is told of. */
const once = (items: readonly string[], context: z.RefinementCtx): void =>
  items.forEach((item, index) => {
    if (items.indexOf(item) < index)
      context.addIssue({ code: 'custom', path: [index], message: 'Named twice.' });
  });

const symbols = z
  .array(
    z
      .string()
      .trim()
      .max(32)
      .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, 'Give a symbol of letters, digits, dots and hyphens.')
      .toUpperCase(),
  )
  .min(1)
  .max(100)
  .superRefine(once)
  .describe('Of which ticks may be submitted, in any case; goes with `ticks:write` only.')
  .meta({ example: ['AAPL'] });

export const createApiKeyBody = z
  .strictObject({
    name: name.describe('By which its owner knows it.').meta({ example: 'Home automation' }),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .superRefine(once)
      .describe('What the key is good for; `ticks:write` is given by an admin only.'),
    symbols: symbols.nullish(),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'Give a time of RFC 3339, such as 2030-01-01T00:00:00Z.' })
      .max(40)
      .transform((text) => new Date(text))
      .refine(
        (time) => time.getUTCFullYear() < 10_000,
        'Give a time of RFC 3339, such as 2030-01-01T00:00:00Z.',
      )
      .nullish()
      .describe('From when on the key is refused; never when absent.'),
  })
  .superRefine((body, context) => {
    const submits = body.scopes.includes('ticks:write');
    if (submits === (body.symbols !== undefined && body.symbols !== null)) return;
    const message = submits
      ? 'Name the symbols that `ticks:write` is for.'
      : 'Symbols go with `ticks:write`.';
    context.addIssue({ code: 'custom', path: ['symbols'], message });
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKeyBody = z.output<typeof createApiKeyBody>;

const fields = {
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  symbols: z
    .array(z.string())
    .nullable()
    .describe('Of which ticks may be submitted; null without `ticks:write`.'),
  expiresAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('Exact to a minute.'),
  prefix: z.string().describe('The first 12 characters, by which to recognise it.'),
};

const apiKey = z.object(fields).meta({ id: 'ApiKey' });

export const createdApiKey = z
  .object({ ...fields, key: z.string().describe('To send as `Authorization: Bearer …`. Shown this once.') })
  .meta({ id: 'CreatedApiKey' });

export const apiKeyPage = pageOf(apiKey).meta({ id: 'ApiKeyPage' });

export const listApiKeysQuery = z.strictObject(pageQuery);
export type ListApiKeysQuery = z.output<typeof listApiKeysQuery>;

export const apiKeyId = z.uuid({ error: 'Give the id of an API key.' });

import { z } from 'zod';
import { isOneLine, pageOf, pageQuery } from '#platform/http';
import { address } from './deliveries.dto.ts';

export const suppression = z
  .object({
    id: z.uuid(),
    reason: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Suppression' });

export const suppressionPage = pageOf(suppression).meta({ id: 'SuppressionPage' });

export const listQuery = z.strictObject({
  address: address.optional().describe('Only the suppression of this address, in any case.'),
  ...pageQuery,
});
export type ListQuery = z.output<typeof listQuery>;

export const suppressBody = z
  .strictObject({
    address: address
      .pipe(z.email('Give a mail address.'))
      .describe('Mail address, in any case; only a hash of it is kept.')
      .meta({ example: 'ada@example.org' }),
    reason: z
      .string()
      .trim()
      .min(1, 'Give a reason, or leave it out.')
      .max(200, 'A reason has at most 200 characters.')
      .refine(isOneLine, 'A reason has no line breaks or control characters.')
      .optional()
      .describe('For other operators, one line.')
      .meta({ example: 'asked by telephone' }),
  })
  .meta({ id: 'SuppressionInput' });
export type SuppressBody = z.output<typeof suppressBody>;

export const suppressionId = z.uuid('Give the id of a suppression.').describe('Id of the suppression.');

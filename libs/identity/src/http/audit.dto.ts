import { z } from 'zod';
import { filterOf, namesIn, pageOf, pageQuery } from '#platform/http';
import { auditTypes } from '../features/audit-log.ts';

const auditEntry = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime(),
    type: z.enum(auditTypes),
    userId: z.uuid().nullable().describe('Whose account it is about; null where there is none.'),
    actorId: z.uuid().nullable().describe('Who did it; null when nobody was logged in.'),
    address: z.string().nullable().describe('Of the network, from where it was done.'),
    details: z
      .record(z.string(), z.union([z.string(), z.array(z.string()), z.null()]))
      .describe('Ids, roles, names of keys.'),
  })
  .meta({ id: 'AuditEntry' });

export const auditPage = pageOf(auditEntry).meta({ id: 'AuditPage' });

const type = filterOf(auditTypes, 'Only entries of these types.');

export const listOwnAuditQuery = z.strictObject({ type, ...pageQuery });
export type ListOwnAuditQuery = z.output<typeof listOwnAuditQuery>;

export const listAuditQuery = z.strictObject({
  type,
  userId: z
    .string()
    .max(4000)
    .transform(namesIn)
    .pipe(z.array(z.uuid('Give ids of accounts.')).optional())
    .optional()
    .describe('Only entries about these accounts, comma-separated.'),
  ...pageQuery,
});
export type ListAuditQuery = z.output<typeof listAuditQuery>;

import { z } from 'zod';
import { changesOf, filterOf, isStorable, pageOf, pageQuery, roles } from '#platform/http';
import { userStatuses } from '../features/user-view.ts';

export const user = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(roles),
    status: z.enum(userStatuses),
    emailVerified: z.boolean().describe('Whether alerts may be mailed to the address.'),
    createdAt: z.iso.datetime(),
    lastSignInAt: z.iso.datetime().nullable().describe('Within the last 365 days.'),
    bannedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'User' });

export const userPage = pageOf(user).meta({ id: 'UserPage' });

export const listUsersQuery = z.strictObject({
  role: filterOf(roles, 'Only accounts of these roles.'),
  status: filterOf(userStatuses, 'Only accounts of which this is true.'),
  q: z
    .string()
    .trim()
    .max(100)
    .refine(isStorable, 'Give a text without NUL characters.')
    .optional()
    .describe('Part of the address or the name, in any case.'),
  ...pageQuery,
});
export type ListUsersQuery = z.output<typeof listUsersQuery>;

export const userChanges = changesOf({
  role: z.enum(roles).describe('What the account may do beyond its own things.'),
  banned: z.boolean().describe('Whether it is shut out: no session, no API key, no mail of its alerts.'),
}).meta({ id: 'UserChanges' });
export type UserChanges = z.output<typeof userChanges>;

export const userId = z.uuid({ error: 'Give the id of an account.' });

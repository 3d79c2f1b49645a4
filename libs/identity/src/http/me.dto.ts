import { z } from 'zod';
import { roles } from '#platform/http';
import { email, name } from './auth.dto.ts';
import { newPassword, password } from './passwords.dto.ts';

export const profile = z
  .object({
    id: z.uuid(),
    email: z.string(),
    emailVerified: z.boolean().describe('Whether alerts may be mailed to the address.'),
    pendingEmail: z
      .string()
      .nullable()
      .describe('The address that takes the place of `email` once it is confirmed.'),
    name: z.string().nullable(),
    role: z.enum(roles).describe('What the account may do beyond its own things.'),
    hasPassword: z.boolean().describe('Whether the account can be logged in to with a password.'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Profile' });

export const profileChanges = z
  .strictObject({
    name: name.nullable().optional(),
    email: email.optional(),
    password: newPassword.optional(),
    currentPassword: password.optional().describe('Needed for a new address or a new password.'),
  })
  .refine(
    ({ name: called, email: to, password: next }) => [called, to, next].some((one) => one !== undefined),
    {
      error: 'Name what is to be changed: `name`, `email` or `password`.',
    },
  )
  .refine(({ email: to, password: next, currentPassword }) => (to ?? next) === undefined || currentPassword, {
    error: 'Give the current password to change the address or the password.',
    path: ['currentPassword'],
  })
  .meta({ id: 'ProfileChanges' });
export type ProfileChanges = z.infer<typeof profileChanges>;

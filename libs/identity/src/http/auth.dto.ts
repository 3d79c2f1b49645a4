import { z } from 'zod';
import { isOneLine, roles } from '#platform/http';
import { newPassword, password } from './passwords.dto.ts';

export const email = z
  .string()
  .trim()
  .max(254, 'An address has at most 254 characters.')
  .pipe(z.email('Give a mail address.'))
  .describe('Mail address; case does not matter.')
  .meta({ example: 'ada@example.org' });
export const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isOneLine, 'A name has no line breaks or control characters.')
  .describe('What the person is called here.');
const mailedToken = z.string().min(1).max(256).describe('From the link of the mail.');
const refreshToken = z.string().min(1).max(256).describe('From the last login or refresh.');

export const registerBody = z
  .strictObject({
    email,
    password: newPassword,
    name: name.optional(),
  })
  .meta({ id: 'Registration' });
export type RegisterBody = z.infer<typeof registerBody>;

export const registeredUser = z
  .object({
    id: z.uuid(),
    email: z.string(),
    emailVerified: z.boolean().describe('Whether alerts may be mailed to the address.'),
    role: z
      .enum(roles)
      .describe('What the account may do beyond its own things; decided when it is confirmed.'),
  })
  .meta({ id: 'RegisteredUser' });

export const loginBody = z.strictObject({ email, password }).meta({ id: 'Credentials' });
export type LoginBody = z.infer<typeof loginBody>;

export const refreshBody = z.strictObject({ refreshToken }).meta({ id: 'RefreshToken' });
export type RefreshBody = z.infer<typeof refreshBody>;

export const tokenBody = z.strictObject({ token: mailedToken }).meta({ id: 'MailedToken' });
export type TokenBody = z.infer<typeof tokenBody>;

export const addressBody = z.strictObject({ email }).meta({ id: 'Address' });
export type AddressBody = z.infer<typeof addressBody>;

export const resetBody = z
  .strictObject({ token: mailedToken, password: newPassword })
  .meta({ id: 'PasswordReset' });
export type ResetBody = z.infer<typeof resetBody>;

export const session = z
  .object({
    accessToken: z.string().describe('JWT to send as `Authorization: Bearer …`.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().min(1).describe('Seconds until the access token expires.'),
    refreshToken,
  })
  .meta({ id: 'Session' });

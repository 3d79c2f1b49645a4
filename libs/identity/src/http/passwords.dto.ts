import { z } from 'zod';

const longest = 256;

/** A password that is held against a hash; one that no account can have is refused without the work. */
export const password = z
  .string()
  .min(1)
  .refine((text) => charactersOf(text) <= longest, `A password has at most ${longest} characters.`)
  .meta({ example: 'correct horse battery', maxLength: longest });

/** A password that is chosen. Whether it is easily guessed is asked where its account is known. */
export const newPassword = password
  .refine((text) => charactersOf(text.normalize('NFKC')) >= 8, 'A password has at least 8 characters.')
  .refine((text) => text.isWellFormed(), 'A password has no half characters.')
  .describe('At least 8 characters of any kind, and not one of those that are guessed first.')
  .meta({ example: 'correct horse battery', minLength: 8, maxLength: longest });

/** Code points, as NIST SP 800-63B and JSON Schema count. */
const charactersOf = (text: string): number => Array.from(text).length;

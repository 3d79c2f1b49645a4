import { z } from 'zod';

export const signInQuery = z.strictObject({
  returnTo: z
    .string()
    .max(512)
    // Two slashes, or one and a backslash, lead to another host; so does a tab between them, which browsers leave out.
    .regex(/^\/(?![/\\])[\x21-\x7e]*$/, 'Give a path of this installation, with one slash in front.')
    .default('/docs')
    .describe('Path to go to afterwards.'),
});
export type SignInQuery = z.infer<typeof signInQuery>;

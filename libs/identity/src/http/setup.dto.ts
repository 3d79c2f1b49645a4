import { z } from 'zod';
import { registerBody } from './auth.dto.ts';

export const setupBody = registerBody
  .extend({
    token: z.string().min(1).max(256).describe('From the link that an api prints when it starts.'),
  })
  .meta({ id: 'Setup' });
export type SetupBody = z.infer<typeof setupBody>;

import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/http';
import { sessionKinds } from '../features/list-sessions.ts';

const openSession = z
  .object({
    id: z.uuid(),
    current: z.boolean().describe('Whether it is the session that asks.'),
    kind: z.enum(sessionKinds).describe('Continued by refresh tokens, or the cookie of a page.'),
    address: z.string().nullable().describe('Of the network, from where it was opened.'),
    userAgent: z.string().nullable().describe('What opened it, as it called itself.'),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().describe('Of tokens: when they were given; of a page: exact to a minute.'),
    expiresAt: z.iso.datetime().describe('When it ends if it is not used until then.'),
  })
  .meta({ id: 'OpenSession' });

export const sessionPage = pageOf(openSession).meta({ id: 'SessionPage' });

export const listSessionsQuery = z.strictObject(pageQuery);
export type ListSessionsQuery = z.output<typeof listSessionsQuery>;

export const sessionId = z.uuid({ error: 'Give the id of a session.' });

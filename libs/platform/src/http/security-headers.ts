import helmet from '@fastify/helmet';
import { fastify } from 'fastify';

/**
 * What helmet sets. It is the same for every answer and is therefore asked once: made anew each time it would be a
 * tenth of what a cached list costs.
 */
export async function securityHeaders(): Promise<Record<string, string>> {
  const asked = fastify();
  await asked.register(helmet, {
    // The page is also served over plain http on a laptop, where upgraded requests would fail.
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  const headers: Record<string, string> = {};
  asked.get('/', (_request, reply) => {
    Object.assign(headers, reply.raw.getHeaders());
    return reply.send();
  });
  await asked.inject('/');
  await asked.close();
  return headers;
}

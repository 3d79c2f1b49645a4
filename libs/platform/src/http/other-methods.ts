import { MethodNotAllowedException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Answers what is asked of a known path by a method that it does not have: 405 with those it has in `Allow`
 * (RFC 9110, 15.5.6), and 204 with the same for OPTIONS. Has to be called before routes are added.
 */
export function answerOtherMethods(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }) => {
    // A path of every request, for preflights.
    if (url === '*') return;
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) route.methods.add(name);
    routes.set(url, route);
  });
  const methodsOf = (path: string) => {
    const here = [...routes.values()].filter(({ pattern }) => pattern.test(path));
    return new Set(here.flatMap(({ methods }) => [...methods]));
  };
  fastify.addHook('onRequest', (request, reply, next) => {
    if (!request.is404) return next();
    const methods = methodsOf(request.url.split('?')[0] ?? '');
    if (methods.size === 0) return next();
    void reply.header('Allow', [...methods, 'OPTIONS'].toSorted().join(', '));
    if (request.method !== 'OPTIONS') return next(new MethodNotAllowedException());
    return reply.status(204).send();
  });
}

/** Of a route as Fastify writes it: `/v1/alerts/:id`, `/docs/*`. */
const patternOf = (url: string) =>
  new RegExp(`^${url.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll(/:\w+/g, '[^/]+')}$`);

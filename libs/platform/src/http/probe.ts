import type { FastifyRequest } from 'fastify';

/** Whether a supervisor or a scraper asks: such requests come every few seconds, by themselves. */
export const isProbe = ({ routeOptions }: FastifyRequest): boolean =>
  /^\/(health|metrics)\b/.test(routeOptions.url ?? '');

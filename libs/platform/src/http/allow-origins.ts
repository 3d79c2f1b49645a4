import cors from '@fastify/cors';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config } from '../config/index.ts';

const twoHoursInSeconds = 7_200;

/** Lets pages of the origins in `CORS_ORIGINS` call the api. They bring a token: cookies are no credential here. */
export async function allowOrigins(app: NestFastifyApplication): Promise<void> {
  const { corsOrigins } = app.get(Config);
  if (corsOrigins.length === 0) return;
  await app.register(cors, {
    origin: [...corsOrigins],
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'If-Match', 'Idempotency-Key', 'X-Request-Id'],
    exposedHeaders: [
      'ETag',
      'Link',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
      'Idempotency-Replayed',
    ],
    // Chrome remembers the answer to a preflight no longer than this.
    maxAge: twoHoursInSeconds,
    // Its refusal would be no problem+json, and any OPTIONS may learn what a preflight learns.
    strictPreflight: false,
  });
}

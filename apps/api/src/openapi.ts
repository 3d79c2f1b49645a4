import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '#platform/config';
import { buildOpenApi, httpAdapter } from '#platform/http';
import { ApiModule } from './api.module.ts';

/** Prints the OpenAPI document without starting anything: `npm run docs` writes it to `docs/openapi.json`. */
const secret = 'only the shapes matter here: nothing is signed';
const config = loadConfig({
  TOCSIN_PROFILE: 'embedded',
  DATABASE_URL: 'postgres://localhost/none',
  JWT_SECRET: secret,
  ENCRYPTION_KEY: secret,
});
const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), httpAdapter(config), {
  preview: true,
  logger: false,
  abortOnError: false,
});
process.stdout.write(`${JSON.stringify(buildOpenApi(app), null, 2)}\n`);
process.exit(0);

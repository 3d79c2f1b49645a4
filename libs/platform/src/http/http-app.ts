import cookie from '@fastify/cookie';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { Config } from '../config/index.ts';
import { allowOrigins } from './allow-origins.ts';
import { compressAnswers } from './compress-answers.ts';
import { limitRequests } from './limit-requests.ts';
import { logRequests } from './log-requests.ts';
import { buildOpenApi } from './openapi.ts';
import { answerOtherMethods } from './other-methods.ts';
import { ProblemFilter } from './problem.filter.ts';
import { securityHeaders } from './security-headers.ts';
import { ValidationPipe } from './validation.pipe.ts';

/** What every route of the api shares: problems, validation, security headers, the documentation. */
export async function configureHttp(app: NestFastifyApplication): Promise<NestFastifyApplication> {
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(new ValidationPipe());
  logRequests(app);
  const secure = await securityHeaders();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, next) => {
      void reply.headers(secure).header('X-Request-Id', request.id);
      next();
    });
  await app.register(cookie);
  // Before the limits, so that a page can read a refusal.
  await allowOrigins(app);
  limitRequests(app);
  answerOtherMethods(app);
  await compressAnswers(app);
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), {
    ui: app.get(Config).swaggerUi,
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Tocsin API',
  });
  return app;
}

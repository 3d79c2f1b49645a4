import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { newId } from '#kernel';
import { answerProblem } from './answer-problem.ts';
import { limitRequests } from './limit-requests.ts';
import { buildOpenApi } from './openapi.ts';
import { ProblemFilter } from './problem.filter.ts';
import { refuseUnreadable } from './unreadable-request.ts';
import { ValidationPipe } from './validation.pipe.ts';

/** Large enough for 5,000 submitted ticks or a batch of 1,000 alerts. */
const bodyLimit = 1024 * 1024;
const safeRequestId = /^[\w.-]{8,64}$/;

/** Takes bodies of JSON only: those of Fastify's parser of text and of Nest's of forms fit no schema. */
class JsonAdapter extends FastifyAdapter {
  override registerParserMiddleware(prefix?: string, rawBody?: boolean): void {
    super.registerParserMiddleware(prefix, rawBody);
    this.getInstance().removeContentTypeParser(['text/plain', 'application/x-www-form-urlencoded']);
  }
}

/** Fastify with a body limit and a request id: the caller's `X-Request-Id` when it is harmless, else a new one. */
export function httpAdapter(): FastifyAdapter {
  const adapter = new JsonAdapter({
    bodyLimit,
    frameworkErrors: answerProblem,
    clientErrorHandler: refuseUnreadable,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && safeRequestId.test(given) ? given : newId();
    },
  });
  // The body of a deletion means nothing (RFC 9110, 9.3.5), so it is not read, and an empty one of type JSON is no fault.
  adapter.getInstance().addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
  return adapter;
}

/** What every route of the api shares: problems, validation, security headers, the documentation. */
export async function configureHttp(app: NestFastifyApplication): Promise<NestFastifyApplication> {
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(new ValidationPipe());
  await app.register(helmet, {
    // The page is also served over plain http on a laptop, where upgraded requests would fail.
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, next) => {
      void reply.header('X-Request-Id', request.id);
      next();
    });
  limitRequests(app);
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Tocsin API',
  });
  return app;
}

import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemResponse } from './api-problems.ts';
import { describeLimits, header, limitHeaders, type Operation } from './describe-limits.ts';
import type { Access } from './principal.ts';
import { problemSchema } from './problem.ts';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** The contract as OpenAPI 3.1, from the schemas that also validate. The same document is `docs/openapi.json`. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tocsin')
    .setDescription(
      'Market price alerts and notifications: told once, on time, and never after you deleted it.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This installation')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description:
          'Access token from `POST /v1/auth/login`, or an API key. Where a route names a scope, an API key needs it; ' +
          'where it names none or a role, only a session will do.',
      },
      'bearer',
    )
    .addCookieAuth(
      '__Host-tocsin-session',
      {
        type: 'apiKey',
        in: 'cookie',
        description:
          'Session of a page, from `POST /v1/auth/web-session`. Changes need an `Origin` of our own.',
      },
      'session',
    )
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (_, method) => method,
  });
  const { $schema: _dialect, ...problem } = z.toJSONSchema(problemSchema);
  document.components = {
    ...document.components,
    headers: limitHeaders,
    schemas: { ...document.components?.schemas, Problem: problem as Schemas[string] },
  };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item) as (Operation & { 'x-access'?: Partial<Access> })[]) {
      operation.security = securityOf(operation['x-access']);
      delete operation['x-access'];
      if (operation.security.length > 0) {
        operation.responses[401] ??= problemResponse(401);
        operation.responses[403] ??= problemResponse(403);
      }
      if (path.startsWith('/v1/')) describeLimits(operation);
      // All of them ask Postgres.
      if (path.startsWith('/v1/'))
        operation.responses[503] = {
          ...(operation.responses[503] ?? problemResponse(503)),
          headers: header('Retry-After'),
        };
    }
  }
  return document;
}

/** As OpenAPI 3.1 lets any scheme name what it needs: the scope of an API key, or the role of a session. */
function securityOf(access: Partial<Access> = {}): NonNullable<Operation['security']> {
  if (access.public) return [];
  const needed = [access.scope, access.role].filter((one) => one !== undefined && one !== null);
  return [{ bearer: needed }, { session: access.role ? [access.role] : [] }];
}

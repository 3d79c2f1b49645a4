import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Config } from '../config/index.ts';

/** Paths that may hold a secret, an address or a token, wherever a log line carries such an object. */
const sensitive = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'email',
  'to',
  'recipients',
  'authorization',
  'cookie',
];

/** Parts of Nest that tell, line by line, that a start went as always. */
const chatter = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Structured logs of one process, a JSON line each, with the request's id and none of its secrets. */
export function loggingModule(config: Config, app: string): DynamicModule {
  return LoggerModule.forRoot({
    pinoHttp: {
      level: config.logLevel,
      base: { app, pid: process.pid },
      genReqId: (request) => request.id,
      hooks: {
        logMethod(inputs, method, level) {
          const [first] = inputs as [{ context?: string } | string];
          const framework = level === 30 && typeof first === 'object' && chatter.has(first.context ?? '');
          if (!framework || this.isLevelEnabled('debug')) method.apply(this, inputs);
        },
      },
      redact: {
        paths: [
          'req.headers.authorization',
          'req.headers.cookie',
          'res.headers["set-cookie"]',
          ...sensitive.flatMap((name) => [name, `*.${name}`]),
        ],
        censor: '[redacted]',
      },
      serializers: {
        req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
          id,
          method,
          // Query strings may carry addresses (`?to=`).
          path: url.split('?')[0],
        }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      },
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'info' : 'debug',
    },
  });
}

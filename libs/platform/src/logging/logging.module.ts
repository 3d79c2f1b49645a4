import { type DynamicModule, RequestMethod } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { type DestinationStream, type LogFn, pino } from 'pino';
import type { Options } from 'pino-http';
import type { Config } from '../config/index.ts';
import { shownError } from './shown-error.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Properties that may hold a secret, an address or a token: of what is logged, and two levels deeper. */
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
  'set-cookie',
  'demoPassword',
  'databaseUrl',
  'redisUrl',
  'smtpUrl',
  'jwtSecret',
  'encryptionKey',
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
export const loggingModule = (
  config: Config,
  app: string,
  output: DestinationStream = pino.destination(1),
): DynamicModule =>
  LoggerModule.forRoot({
    pinoHttp: [optionsOf(config, app), output],
    // Its own default, `{/*splat}`, matches no path of this Fastify adapter.
    forRoutes: [{ path: '*path', method: RequestMethod.ALL }],
  });

const shown = (input: unknown): unknown => (typeof input === 'string' ? withoutSecrets(input) : input);

function optionsOf(config: Config, app: string): Options {
  return {
    level: config.logLevel,
    base: { app, pid: process.pid },
    hooks: {
      logMethod(inputs, method, level) {
        const [first, message, ...rest] = inputs as unknown[];
        const { context = '', err = first } = (first ?? {}) as { context?: string; err?: unknown };
        if (level === 30 && chatter.has(context) && !this.isLevelEnabled('debug')) return;
        // Without a message pino would take the one of the error as it is.
        const text = message ?? (err instanceof Error ? err.message : undefined);
        method.apply(this, [first, text, ...rest].map(shown) as Parameters<LogFn>);
      },
    },
    redact: {
      paths: sensitive.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '[redacted]',
    },
    serializers: {
      err: shownError,
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        // Query strings may carry addresses (`?to=`).
        path: url.split('?')[0],
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
    customLogLevel: (_request, { statusCode }, error) => {
      // An outage is told by whoever suffers it; a probe a second needs no stack each.
      if (statusCode === 503) return 'warn';
      return error || statusCode >= 500 ? 'error' : statusCode >= 400 ? 'info' : 'debug';
    },
  };
}

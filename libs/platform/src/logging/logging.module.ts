import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { type DestinationStream, type LogFn, pino } from 'pino';
import type { Options } from 'pino-http';
import type { Config } from '../config/index.ts';
import { RequestLog, requestOfLine } from './request-log.ts';
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
  'mailServers',
  'dkim',
  'jwtSecret',
  'jwtSecretPrevious',
  'key',
  'currentPassword',
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

/** Lines wait in memory while nobody reads them, where a full pipe would hold up every request; they are bounded too. */
const stdout = () => pino.destination({ fd: 1, sync: false, maxLength: 16 * 1024 * 1024 });

/** Structured logs of one process, a JSON line each, with the request's id and none of its secrets. */
export function loggingModule(
  config: Config,
  app: string,
  output: DestinationStream = stdout(),
): DynamicModule {
  const options = { level: config.logLevel, base: { app, pid: process.pid } };
  const requests = new RequestLog(pino(options, output));
  return {
    module: LoggingModule,
    global: true,
    // Its middleware makes a logger for each request; the one below finds the request of a line when there is a line.
    imports: [LoggerModule.forRoot({ pinoHttp: [{ ...options, ...careful }, output], forRoutes: [] })],
    providers: [{ provide: RequestLog, useValue: requests }],
    exports: [RequestLog],
  };
}

@Module({})
class LoggingModule {}

const shown = (input: unknown): unknown => (typeof input === 'string' ? withoutSecrets(input) : input);

/** Hides what nobody may read, whoever logs it. */
const careful: Options = {
  mixin: requestOfLine,
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
  // Its own would take what a line says of a request for a request.
  wrapSerializers: false,
  serializers: { err: (error: Error) => shownError(pino.stdSerializers.err(error)) },
};

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from './formats.ts';
import { type DkimKey, dkimKey, mailFaults, type MailServer, mailServers } from './mail.ts';
import { type FeedName, isSecret, type Variables, type WorkerRole, variables } from './variables.ts';

/** What this installation is to an OpenID provider. */
interface OidcClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The settings of a process, checked and complete. Injected as the class token. */
export abstract class Config {
  abstract readonly embedded: boolean;
  abstract readonly port: number;
  abstract readonly host: string;
  abstract readonly drainSeconds: number;
  abstract readonly publicUrl: string;
  /** Null only in the supervisor of the embedded profile, which then starts a database itself. */
  abstract readonly databaseUrl: string | null;
  abstract readonly databasePoolSize: number;
  abstract readonly redisUrl: string | null;
  abstract readonly dataDir: string;
  abstract readonly smtpUrl: string | null;
  /** In order of preference; the development inbox where none is named. */
  abstract readonly mailServers: readonly MailServer[];
  abstract readonly smtpConnections: number;
  abstract readonly mailFrom: string;
  /** Null where mails are not signed. */
  abstract readonly dkim: DkimKey | null;
  abstract readonly mailbox: { readonly port: number; readonly smtpPort: number };
  abstract readonly marketFeeds: readonly FeedName[];
  abstract readonly marketSymbols: readonly string[];
  abstract readonly binance: { readonly wsUrl: string; readonly restUrl: string };
  /** Hops, or addresses and networks, in front of the api; false when nobody is believed. */
  abstract readonly trustProxy: number | string[] | false;
  abstract readonly corsOrigins: readonly string[];
  abstract readonly rateLimit: boolean;
  abstract readonly swaggerUi: boolean;
  abstract readonly metricsPort: number | null;
  /** Null wherever each process is scraped by itself. */
  abstract readonly workerMetricsUrl: string | null;
  /** Null where nobody signs in with a provider. */
  abstract readonly oidc: OidcClient | null;
  abstract readonly emailVerification: 'required' | 'off';
  abstract readonly demo: boolean;
  abstract readonly demoEmail: string;
  abstract readonly demoPassword: string | null;
  abstract readonly workerRoles: readonly WorkerRole[];
  abstract readonly jwtSecret: string | null;
  /** The one before it, whose tokens are still believed. */
  abstract readonly jwtSecretPrevious: string | null;
  abstract readonly encryptionKey: string | null;
  abstract readonly logLevel: string;
}

/** Every bad variable of a process in one error, a line for each, none of them repeating a value. */
export class ConfigurationError extends Error {
  /** `EX_CONFIG` of sysexits(3): what a process ends with that it would be no use to start again. */
  static readonly exitCode = 78;

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigurationError';
  }
}

/**
 * Reads and checks all variables at once.
 * @throws ConfigurationError naming every bad or missing variable
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const { config, problems } = readConfig(environment);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return config;
}

/** All variables, those that are bad as if they were not set, and a line for each that is bad or missing. */
export function readConfig(environment: NodeJS.ProcessEnv): {
  readonly config: Config;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const values = readFileVariants(environment, problems);
  const given = new Set(Object.keys(values));
  // Whatever it is set to, it says that no database of ours is meant.
  if (given.has('DATABASE_URL')) values['TOCSIN_PROFILE'] ??= 'server';
  const issues = variables.safeParse(values).error?.issues ?? [];
  for (const { path, message } of issues) {
    const name = String(path[0]);
    problems.push(`${name}: ${message}`);
    delete values[name];
  }
  const config = complete(variables.parse(values));
  problems.push(...missingIn(config, given));
  return { config: Object.freeze(config), problems };
}

function complete(env: Variables): Config {
  const embedded = env.TOCSIN_PROFILE ? env.TOCSIN_PROFILE === 'embedded' : env.DATABASE_URL === undefined;
  const demoByDefault = embedded && env.SMTP_URL === undefined && env.MARKET_FEEDS === undefined;
  return {
    embedded,
    port: env.PORT,
    host: env.HOST,
    drainSeconds: env.DRAIN_SECONDS ?? (embedded ? 0 : 3),
    publicUrl: (env.PUBLIC_URL ?? `http://localhost:${env.PORT}`).replace(/\/+$/, ''),
    databaseUrl: env.DATABASE_URL ?? null,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    redisUrl: env.REDIS_URL ?? null,
    dataDir: resolve(env.TOCSIN_DATA_DIR),
    smtpUrl: env.SMTP_URL ?? null,
    mailServers: mailServers(env),
    smtpConnections: env.SMTP_CONNECTIONS,
    dkim: dkimKey(env),
    mailFrom: env.MAIL_FROM ?? 'Tocsin <tocsin@localhost>',
    mailbox: { port: env.MAILBOX_PORT, smtpPort: env.MAILBOX_SMTP_PORT },
    marketFeeds:
      env.MARKET_FEEDS ?? (embedded ? ['binance', 'coingecko', 'simulated'] : ['binance', 'coingecko']),
    marketSymbols: env.MARKET_SYMBOLS,
    binance: { wsUrl: env.BINANCE_WS_URL, restUrl: env.BINANCE_REST_URL },
    trustProxy: env.TRUST_PROXY ?? false,
    corsOrigins: env.CORS_ORIGINS,
    rateLimit: env.RATE_LIMIT === 'on',
    swaggerUi: env.SWAGGER_UI === 'on',
    metricsPort: env.METRICS_PORT ?? null,
    workerMetricsUrl: env.WORKER_METRICS_URL ?? null,
    oidc: oidcClient(env),
    emailVerification: env.EMAIL_VERIFICATION ?? (embedded ? 'off' : 'required'),
    demo: env.DEMO ? env.DEMO === 'on' : demoByDefault,
    demoEmail: env.DEMO_EMAIL,
    demoPassword: env.DEMO_PASSWORD ?? null,
    workerRoles: env.WORKER_ROLES,
    jwtSecret: env.JWT_SECRET ?? null,
    jwtSecretPrevious: env.JWT_SECRET_PREVIOUS ?? null,
    encryptionKey: env.ENCRYPTION_KEY ?? null,
    logLevel: env.LOG_LEVEL,
  };
}

function oidcClient(env: Variables): OidcClient | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = env;
  return clientId === undefined || clientSecret === undefined ? null : { issuer, clientId, clientSecret };
}

/** The embedded profile brings these itself; elsewhere their absence must stop the start, not a first mail. */
function missingIn(config: Config, given: ReadonlySet<string>): string[] {
  const refused: string[] = [];
  if (!config.rateLimit && !isLoopback(config.host)) {
    refused.push('RATE_LIMIT: can be off only where HOST is a loopback address');
  }
  refused.push(...mailFaults(config.mailServers, given), ...signInFaults(config, given));
  if (config.embedded) return refused;
  const needed = ['DATABASE_URL', 'SMTP_URL', 'MAIL_FROM', 'JWT_SECRET', 'ENCRYPTION_KEY'] as const;
  const missing = needed
    .filter((name) => !given.has(name))
    .map((name) => `${name}: is required with DATABASE_URL`);
  return [...missing, ...refused];
}

function signInFaults({ oidc, publicUrl }: Config, given: ReadonlySet<string>): string[] {
  const [id, secret] = [given.has('OIDC_CLIENT_ID'), given.has('OIDC_CLIENT_SECRET')];
  if (id && !secret) return ['OIDC_CLIENT_SECRET: is required with OIDC_CLIENT_ID'];
  if (secret && !id) return ['OIDC_CLIENT_ID: is required with OIDC_CLIENT_SECRET'];
  // Browsers drop the cookies of a sign-in that come over plain http, and providers refuse to send people there.
  const { protocol, hostname } = new URL(publicUrl);
  const reachable = oidc === null || protocol === 'https:' || isLoopback(hostname);
  return reachable ? [] : ['PUBLIC_URL: must start with https:// where people sign in with a provider'];
}

/** Resolves `NAME_FILE` to the content of that file, and treats an empty variable as absent. */
function readFileVariants(environment: NodeJS.ProcessEnv, problems: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(variables.shape)) {
    const value = environment[name]?.trim();
    if (value) values[name] = value;
    const file = environment[`${name}_FILE`]?.trim();
    if (!file || !isSecret(name)) continue;
    if (value) problems.push(`${name}: is set twice, directly and by ${name}_FILE`);
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE: cannot be read`);
    }
  }
  return values;
}

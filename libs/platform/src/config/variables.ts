import { z } from 'zod';
import { issuer, isProxy, listOf, onOff, port, secret, url } from './formats.ts';
import { mailVariables } from './mail-variables.ts';

const feeds = ['binance', 'coingecko', 'alphavantage', 'simulated', 'none'] as const;
const roles = ['market', 'delivery', 'schedule', 'relay'] as const;

export type FeedName = (typeof feeds)[number];
export type WorkerRole = (typeof roles)[number];

/**
 * Every variable a process reads, with the sentence and the default that `docs/configuration.md` prints.
 * `absent` says what happens without it where a plain default cannot.
 */
export const variables = z.object({
  PORT: port.default(3000).describe('Port of the api.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address the api listens on.'),
  DRAIN_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .optional()
    .describe(
      'How long an api that was told to stop still answers, with 503 at `/health/ready`, so that load balancers turn elsewhere.',
    )
    .meta({ absent: 'embedded: 0; otherwise 3' }),
  PUBLIC_URL: url('http', 'https')
    .optional()
    .describe('Where people reach the api: used in links in mails, and whose pages may log in with a cookie.')
    .meta({ absent: 'from PORT' }),
  DATABASE_URL: url('postgres', 'postgresql')
    .optional()
    .describe('Postgres 15 to 18. Its presence selects the server profile.')
    .meta({ absent: 'embedded Postgres under TOCSIN_DATA_DIR', secret: true }),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(2)
    .max(100)
    .default(10)
    .describe('Connections a process may open for its own queries.'),
  REDIS_URL: url('redis', 'rediss')
    .optional()
    .describe('Redis 7 or newer, for jobs, cached lists and rate limits.')
    .meta({ absent: 'jobs in Postgres, cache and limits in memory, so one api process only', secret: true }),
  TOCSIN_DATA_DIR: z
    .string()
    .min(1)
    .default('.tocsin')
    .describe('Folder of the embedded database and inbox.'),
  ...mailVariables,
  MAILBOX_PORT: port.default(1080).describe('Page and API of the development inbox.'),
  MAILBOX_SMTP_PORT: port.default(1025).describe('SMTP side of the development inbox.'),
  MARKET_FEEDS: listOf(feeds)
    .optional()
    .describe(
      'Sources of prices: binance, coingecko, alphavantage, simulated, none. `simulated` serves only DEMO-USD unless it is the only feed named.',
    )
    .meta({ absent: 'embedded: binance,coingecko,simulated; otherwise binance,coingecko' }),
  MARKET_SYMBOLS: z
    .string()
    .default('BTC-USD,ETH-USD,SOL-USD,XRP-USD,DOGE-USD')
    .transform((text) =>
      text
        .split(',')
        .map((symbol) => symbol.trim().toUpperCase())
        .filter(Boolean),
    )
    .describe('Symbols watched from the start; others are watched once they have an alert.'),
  BINANCE_WS_URL: url('ws', 'wss')
    .default('wss://stream.binance.com:9443')
    .describe('Base of Binance market streams; `/stream?streams=…` is appended.'),
  BINANCE_REST_URL: url('http', 'https')
    .default('https://api.binance.com')
    .describe('Base of the Binance REST API; `/api/v3/…` is appended.'),
  TRUST_PROXY: z
    .string()
    .transform((text) => (/^\d+$/.test(text) ? Number(text) : text.split(',').map((item) => item.trim())))
    .refine((value) => typeof value === 'number' || value.every(isProxy), {
      error: 'must be a number of hops, or addresses and networks such as 10.0.0.0/8,loopback',
    })
    .optional()
    .describe(
      'Proxies in front whose `X-Forwarded-For` is believed: how many hops, or their addresses, comma-separated.',
    )
    .meta({ absent: 'none' }),
  CORS_ORIGINS: z
    .string()
    .transform((text) => text.split(',').map((origin) => origin.trim().replace(/\/+$/, '')))
    .refine((origins) => origins.every((one) => one === '*' || /^https?:\/\/[^/?#]+$/.test(one)), {
      error: 'must be origins such as https://app.example.org, comma-separated, or *',
    })
    .default([])
    .describe('Origins whose pages may call the api from a browser, comma-separated; `*` for all.')
    .meta({ absent: 'none' }),
  RATE_LIMIT: onOff
    .default('on')
    .describe('Limits how many requests an account and an address may make; `off` needs a loopback HOST.'),
  SWAGGER_UI: onOff.default('on').describe('The page at `/docs`; the contract at `/openapi.json` stays.'),
  METRICS_PORT: port
    .optional()
    .describe('Port of a worker for `/metrics` and `/health`, on HOST; the api has both on PORT.')
    .meta({ absent: 'embedded: any free one, and the metrics of the api include them; otherwise none' }),
  OIDC_ISSUER: issuer
    .default('https://accounts.google.com')
    .describe(
      'Whom people sign in with: an OpenID provider, named exactly as its own metadata name it, down to a slash at the end.',
    ),
  OIDC_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('What the OpenID provider knows this installation as.')
    .meta({ absent: 'no sign-in with a provider' }),
  OIDC_CLIENT_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe('What the OpenID provider gave together with OIDC_CLIENT_ID.')
    .meta({ absent: 'no sign-in with a provider', secret: true }),
  EMAIL_VERIFICATION: z
    .enum(['required', 'off'])
    .optional()
    .describe(
      'Whether a mailed token must confirm an address before it is an account. With `off`, every address is believed, and registering one that has an account says so.',
    )
    .meta({ absent: 'embedded: off; otherwise required' }),
  DEMO: onOff
    .optional()
    .describe('Seeds a demo account with one alert on DEMO-USD.')
    .meta({ absent: 'on in embedded when neither SMTP_URL nor MARKET_FEEDS is set, else off' }),
  DEMO_EMAIL: z.email().default('demo@tocsin.localhost').describe('Address of the demo account.'),
  DEMO_PASSWORD: z
    .string()
    .min(8)
    .optional()
    .describe('Password of the demo account.')
    .meta({ absent: 'embedded: generated once and printed; otherwise no demo account', secret: true }),
  WORKER_ROLES: listOf(roles)
    .default([...roles])
    .describe('What a worker process does: market, delivery, schedule, relay.'),
  JWT_SECRET: secret
    .optional()
    .describe('Signs access tokens; at least 32 bytes.')
    .meta({ absent: 'embedded: generated once into the data dir; otherwise an error', secret: true }),
  JWT_SECRET_PREVIOUS: secret
    .optional()
    .describe(
      'The `JWT_SECRET` before it was changed: its tokens are believed, none is signed with it. Remove it after 15 minutes.',
    )
    .meta({ absent: 'none', secret: true }),
  ENCRYPTION_KEY: secret
    .optional()
    .describe('Encrypts secrets at rest; at least 32 bytes.')
    .meta({ absent: 'embedded: generated once into the data dir; otherwise an error', secret: true }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  WORKER_METRICS_URL: url('http')
    .optional()
    .describe('Set by `npm start` for the api: where it finds the metrics of the worker.')
    .meta({ absent: 'the metrics of the api are its own' }),
  TOCSIN_PROFILE: z
    .enum(['embedded', 'server'])
    .optional()
    .describe('Set by `npm start` for the processes it supervises.')
    .meta({ absent: 'embedded without DATABASE_URL, else server' }),
});

export type Variables = z.output<typeof variables>;

/** Whether the variable holds a secret, which has a `_FILE` variant and is never printed. */
export function isSecret(name: string): boolean {
  return variables.shape[name as keyof typeof variables.shape].meta()?.['secret'] === true;
}

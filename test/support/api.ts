import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { newId } from '#kernel';
import { loadConfig } from '#platform/config';
import { buildOpenApi, configureHttp, httpAdapter, type Role } from '#platform/http';
import { Database } from '#platform/persistence';
import { ApiModule, contexts } from '../../apps/api/src/api.module.ts';
import { AuditLog } from '../../libs/identity/src/features/audit-log.ts';
import { Newcomers } from '../../libs/identity/src/features/newcomers.ts';
import { hashPassword } from '../../libs/identity/src/features/passwords.ts';
import { Sessions } from '../../libs/identity/src/features/sessions.ts';
import { Contract, type Received } from './contract.ts';
import { createMigratedDatabase } from './migrated-database.ts';

export const jwtSecret = 'the secret of a test, long enough to sign with';
const password = 'correct horse battery staple';
const hashed = hashPassword(password);
const address = '127.0.0.1';

/** Somebody with an account and a session. */
export interface Caller {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface Request {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly url: string;
  readonly as?: Caller | undefined;
  /** An object is sent as JSON, a string as it is and typed as JSON unless `headers` say otherwise. */
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<Body = Record<string, unknown>> extends Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body;
}

/** What the router has, as it writes it: `/v1/alerts/:id`, `/docs/*`. */
export interface Route {
  readonly method: NonNullable<Request['method']>;
  readonly path: string;
}

/** Filled as routes are added, whoever adds them. */
function routesOf(app: NestFastifyApplication): readonly Route[] {
  const routes: Route[] = [];
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', ({ method, url: path }) => {
    for (const one of [method].flat()) routes.push({ method: one as Route['method'], path });
  });
  return routes;
}

/** The whole api on a migrated database of its own; every answer is held against the OpenAPI document. */
export async function startApi(adminUrl: string, environment: NodeJS.ProcessEnv = {}) {
  const testDatabase = await createMigratedDatabase(adminUrl, contexts);
  const config = loadConfig({
    TOCSIN_PROFILE: 'embedded',
    DATABASE_URL: testDatabase.url,
    JWT_SECRET: jwtSecret,
    ENCRYPTION_KEY: jwtSecret,
    LOG_LEVEL: 'trace',
    DEMO: 'off',
    ...environment,
  });
  const testing = await Test.createTestingModule({ imports: [ApiModule.forRoot(config)] }).compile();
  const bare = testing.createNestApplication<NestFastifyApplication>(httpAdapter(config));
  const routes = routesOf(bare);
  const app = await configureHttp(bare);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const database = app.get(Database);
  const document = buildOpenApi(app);
  const contract = new Contract(document);

  async function call<Body = Record<string, unknown>>(request: Request): Promise<Answer<Body>> {
    const { method = 'GET', url, as, body, headers = {} } = request;
    const answer = await app.inject({
      method,
      url,
      headers: {
        ...(as ? { authorization: `Bearer ${as.accessToken}` } : {}),
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body }),
    });
    const contentType = answer.headers['content-type']?.toString();
    const received = {
      status: answer.statusCode,
      contentType,
      headers: answer.headers,
      body: (answer.body && contentType?.includes('json') ? answer.json() : answer.body || undefined) as Body,
    };
    const broken = contract.faultsOf(method, url, received);
    if (broken.length === 0) return received;
    throw new Error(`${method} ${url} answered ${received.status} ${answer.body}\n${broken.join('\n')}`);
  }

  /** Somebody new, logged in, as by an administrator's command and a login; without their hashing, which takes longer. */
  async function person(role: Role = 'user', email = `${crypto.randomUUID()}@example.org`): Promise<Caller> {
    const passwordHash = await hashed;
    const id = newId();
    const holder = { userId: id, role, passwordHash };
    const { accessToken, refreshToken } = await database.transaction(async () => {
      await app.get(Newcomers).add({ id, email, passwordHash, name: null, role }, { address: null });
      await app.get(AuditLog).record({ type: 'signed-in', userId: id, address });
      return app.get(Sessions).open(holder, { address, userAgent: 'lightMyRequest' });
    });
    return { id, email, password, accessToken, refreshToken };
  }

  /** Has the market say what a symbol last traded at. */
  async function lastPrice(symbol: string, price: string, source = 'binance', tradeId = 1): Promise<void> {
    await database.sql`
      insert into market_data.last_ticks (symbol, source, tick_id, price, quantity, at)
      values (${symbol}, ${source}, ${tradeId}, ${price}, 1, now())`;
    // For as long as a spec may take: nobody confirms it every few seconds, as a feed would.
    await database.sql`
      insert into market_data.feed_states (symbol, source, state, since, confirmed_at)
      values (${symbol}, ${source}, 'live', now(), now() + interval '1 hour') on conflict do nothing`;
  }

  async function close(): Promise<void> {
    await app.close();
    await testDatabase.drop();
  }

  return { app, config, database, document, contract, routes, call, person, lastPrice, close };
}
export type Api = Awaited<ReturnType<typeof startApi>>;

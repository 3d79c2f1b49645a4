import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { accessTokenOf } from '../support/access-token.ts';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { observers } from './observers.ts';
import { builtPrograms, type Plant, released } from './plants.ts';

const secret = 'a secret of a chaos run, long enough to sign with';

/** What the processes of a run stand on. */
export interface Ground {
  /** Logs, journals, and in the end the rows. */
  readonly folder: string;
  readonly postgres: DebianPostgres;
  readonly redis: RedisServer;
  /** Of a built app. */
  readonly program: (app: 'api' | 'worker') => string;
  /** What a process is started with; its sessions carry the name of its slot. */
  readonly variables: (slot: string) => Record<string, string>;
  /** An access token of somebody who exists. */
  readonly tokenOf: (person: Person) => string;
  close(): Promise<void>;
}

export interface Person {
  readonly id: string;
  readonly role: 'user' | 'operator';
}

export const newPeople = (count: number, role: Person['role']): Person[] =>
  Array.from({ length: count }, () => ({ id: randomUUID(), role }));

export const addressOf = ({ id }: Person): string => `${id}@people.example`;

/** Postgres and Redis of Debian's packages, a migrated database, and a role of it for each slot. */
export async function prepareGround(slots: readonly string[], plant: Plant | null): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-chaos-'));
  mkdirSync(join(folder, 'logs'));
  const [postgres, redis] = await Promise.all([
    startDebianPostgres({ fsync: 'on', track_commit_timestamp: 'on' }),
    startRedis(),
  ]);
  process.once('exit', () => {
    void postgres.stop('SIGQUIT');
    void redis.stop('SIGKILL');
  });
  const dist = builtPrograms(plant, folder);
  const program = (app: string, file = 'main') => join(dist, 'apps', app, 'src', `${file}.js`);
  const variables = (slot: string) => ({
    DATABASE_URL: postgres.url.replace('postgres@', `${slot}@`),
    REDIS_URL: redis.url,
    MAIL_FROM: 'Tocsin <alerts@chaos.example>',
    EMAIL_VERIFICATION: 'off',
    MARKET_FEEDS: 'none',
    JWT_SECRET: secret,
    ENCRYPTION_KEY: secret,
    HOST: '127.0.0.1',
    RATE_LIMIT: 'off',
    DEMO: 'off',
    DRAIN_SECONDS: '0',
    LOG_LEVEL: 'info',
    NODE_ENV: 'production',
    // Five hundred starts are to cost less than what they interrupt.
    NODE_COMPILE_CACHE: join(tmpdir(), 'tocsin-chaos-compiled'),
  });
  await migrate(
    program('api', 'migrate'),
    { ...variables('postgres'), SMTP_URL: 'smtp://127.0.0.1:9' },
    folder,
  );
  const roles = slots.map((slot) => `create role ${slot} login superuser;`).join('\n');
  await inSession(postgres.url, (client) =>
    client.query(`${roles}\n${observers}\n${plant === 'release' ? released : ''}`),
  );
  return {
    folder,
    postgres,
    redis,
    program,
    variables,
    tokenOf: ({ id, role }) => accessTokenOf(secret, id, { sid: id, role }),
    close: async () => {
      await Promise.all([postgres.close(), redis.close()]);
    },
  };
}

export async function inSession<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Accounts with an open session each, under the person's own id. */
export const addPeople = (client: pg.Client, people: readonly Person[]): Promise<unknown> =>
  client.query(
    `with people as (
       insert into identity.users (id, email, role, email_verified, demo, created_at)
       select (person ->> 'id')::uuid, person ->> 'email', person ->> 'role', true, false, now()
       from json_array_elements($1::json) as person returning id),
     opened as (insert into identity.sessions (id, user_id) select id, id from people)
     insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
     select uuid_send(id), id, id, now() + interval '1 day' from people`,
    [JSON.stringify(people.map((person) => ({ ...person, email: addressOf(person) })))],
  );

async function migrate(program: string, variables: Record<string, string>, folder: string): Promise<void> {
  const { PATH, HOME } = process.env;
  const log = openSync(join(folder, 'logs', 'migrate.log'), 'a');
  const child = spawn(process.execPath, [program], {
    env: { PATH, HOME, ...variables },
    stdio: ['ignore', log, log],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The migration failed: ${join(folder, 'logs', 'migrate.log')}`);
}

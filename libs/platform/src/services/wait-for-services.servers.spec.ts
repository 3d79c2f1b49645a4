import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { freePorts } from '../../../../test/support/free-ports.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { type Config, ConfigurationError, loadConfig } from '../config/index.ts';
import { redisAt } from './redis.ts';
import { ServiceAway } from './unusable.ts';
import { waitForPostgres, waitForServices } from './wait-for-services.ts';
import { waitUntilUsable } from './wait-until-usable.ts';

const said: string[] = [];
const say = (line: string) => void said.push(line);
const linesOf = (error: unknown): string[] => {
  const lines = [
    ...said,
    ...(error instanceof ConfigurationError ? error.lines : [(error as Error).message]),
  ];
  expect(lines.join('\n')).not.toContain('canary');
  return lines;
};
beforeEach(() => {
  said.length = 0;
});

describe('the Redis that a process starts on', () => {
  let redis: RedisServer;
  let config: Config;
  let drop: () => Promise<void>;
  const on = (redisUrl: string) => {
    const withRedis = loadConfig({
      TOCSIN_PROFILE: 'embedded',
      DATABASE_URL: config.databaseUrl ?? '',
      REDIS_URL: redisUrl,
    });
    return waitForServices(withRedis, [], { patienceMs: 300, say });
  };

  beforeAll(async () => {
    ({ config, drop } = await migratedDatabase());
  });
  afterAll(() => drop());
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.close());

  const withPassword = (password: string) => redis.url.replace('//', `//:${password}@`);
  const address = () => new URL(redis.url).host;

  it('is not spoken of when it fits', async () => {
    await on(redis.url);
    expect(said).toEqual([]);
  });

  it('is waited for', async () => {
    await redis.stop();
    const service = redisAt(redis.url);
    let started: Promise<void> | undefined;
    const sayAndStart = (line: string) => {
      say(line);
      started ??= redis.start();
    };
    await waitUntilUsable(service, { say: sayAndStart });
    await started;
    expect(said.slice(0, 1)).toEqual([
      `REDIS_URL: Redis at ${address()} refuses connections; trying again for 30 s.`,
    ]);
    expect(said.at(-1)).toBe(`REDIS_URL: Redis at ${address()} can be used now.`);
  });

  it('is named without its password when it is waited for in vain', async () => {
    await redis.stop();
    const error: unknown = await on(withPassword('canary')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ServiceAway);
    expect(linesOf(error).at(-1)).toBe(
      `REDIS_URL: Redis at ${address()} still refuses connections; given up after 1 s.`,
    );
  });

  it('does not keep a start waiting that it does not answer', { timeout: 20_000 }, async () => {
    redis.hold();
    const error: unknown = await on(redis.url).catch((e: unknown) => e);
    redis.resume();
    expect(linesOf(error).at(-1)).toContain('still does not answer');
  });

  it('is not waited for with a URL that cannot be used', async () => {
    const error: unknown = await on('redis://ada:canary@db/first').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(linesOf(error)).toEqual(['REDIS_URL: cannot be used as it is written (Invalid pathname)']);
  });

  it('is not waited for with a password that is wrong or missing', async () => {
    await redis.command('config set requirepass another');
    for (const [url, reason] of [
      [withPassword('canary'), 'does not accept this user and password'],
      [redis.url, 'wants a password, and the URL has none'],
    ] as const) {
      const error: unknown = await on(url).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(linesOf(error)).toEqual([`REDIS_URL: Redis at ${address()} ${reason}.`]);
    }
  });

  it('is a server that can be written to', async () => {
    const [port] = await freePorts(1);
    await redis.command(`replicaof 127.0.0.1 ${port}`);
    const error: unknown = await on(redis.url).catch((e: unknown) => e);
    expect(linesOf(error).at(-1)).toContain('still is a read-only replica');
  });

  it('is warned of when it would throw jobs away', async () => {
    await redis.command('config set maxmemory-policy allkeys-lru');
    await on(redis.url);
    expect(said).toEqual([expect.stringMatching(/^REDIS_URL: .* \(maxmemory-policy allkeys-lru\)/)]);
  });
});

describe('the role that a process is on Postgres', () => {
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  let admin: Client;
  let config: Config;
  let drop: () => Promise<void>;
  const asRole = (databaseUrl: string | null) => {
    const url = new URL(databaseUrl ?? '');
    url.username = role;
    return loadConfig({ TOCSIN_PROFILE: 'embedded', DATABASE_URL: url.href });
  };

  beforeAll(async () => {
    ({ config, drop } = await migratedDatabase());
    admin = new Client({ connectionString: inject('postgresUrl') });
    await admin.connect();
    await admin.query(`create role ${role} login`);
  });
  afterAll(async () => {
    await drop();
    await admin.query(`drop role ${role}`);
    await admin.end();
  });

  it('has to be allowed to use the tables', async () => {
    const error: unknown = await waitForServices(asRole(config.databaseUrl), [], { say }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(linesOf(error)).toEqual([expect.stringContaining('does not let this role use its tables')]);
  });

  it('has to be allowed to make schemas before it migrates', async () => {
    const empty = asRole(inject('postgresUrl'));
    const error: unknown = await waitForPostgres(empty, { say }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(linesOf(error)).toEqual([
      expect.stringContaining(`grant create on database "postgres" to "${role}"`),
    ]);
  });
});

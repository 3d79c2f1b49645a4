import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { freePorts } from '../../../../test/support/free-ports.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { ConfigurationError, loadConfig } from '../config/index.ts';
import { migrate } from '../persistence/index.ts';
import { ServiceAway } from './unusable.ts';
import { waitForPostgres, waitForServices } from './wait-for-services.ts';

describe('the Postgres that a process starts on', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  const said: string[] = [];
  const say = (line: string) => void said.push(line);

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'));
    const { hostname, port } = new URL(database.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  });
  afterAll(async () => {
    await proxy.close();
    await database.drop();
  });
  beforeEach(() => {
    said.length = 0;
  });

  const config = (change: (url: URL) => unknown = () => undefined) => {
    const url = new URL(database.url);
    change(url);
    return loadConfig({ TOCSIN_PROFILE: 'embedded', DATABASE_URL: url.href });
  };
  const canary = (url: URL) => (url.password = 'canary-of-a-password');
  const problemOf = async (change: (url: URL) => unknown, patienceMs = 300) => {
    const error: unknown = await waitForPostgres(config(change), { patienceMs, say }).catch(
      (e: unknown) => e,
    );
    const lines = [
      ...said,
      ...(error instanceof ConfigurationError ? error.lines : [(error as Error).message]),
    ];
    expect(lines.join('\n')).not.toContain('canary');
    return { error, lines };
  };

  it('is not spoken of when it fits', async () => {
    await waitForPostgres(config(), { say });
    expect(said).toEqual([]);
  });

  it('is named without its password when it refuses connections', async () => {
    const [port] = await freePorts(1);
    const { error, lines } = await problemOf((url) => {
      canary(url);
      url.port = String(port);
    });
    expect(error).toBeInstanceOf(ServiceAway);
    expect(lines).toEqual([
      `DATABASE_URL: Postgres at 127.0.0.1:${port} refuses connections; trying again for 1 s.`,
      `DATABASE_URL: Postgres at 127.0.0.1:${port} still refuses connections; given up after 1 s.`,
    ]);
  });

  it('is waited for', async () => {
    proxy.cut();
    const waiting = waitForPostgres(
      config((url) => (url.port = String(proxy.port))),
      { say: (line) => (say(line), proxy.restore()) },
    );
    await waiting;
    expect(said).toEqual([
      expect.stringMatching(/ hangs up; trying again for 30 s\.$/),
      expect.stringMatching(/ can be used now\.$/),
    ]);
  });

  it.each<[string, (url: URL) => unknown, string]>([
    ['a password that is wrong', canary, 'does not accept this user and password'],
    ['a database that is not there', (url) => (url.pathname = '/nowhere'), 'has no database of this name'],
    ['TLS, which it does not speak', (url) => (url.search = 'sslmode=require'), 'speaks no TLS'],
  ])('is not waited for with %s', async (_, change, reason) => {
    const { error, lines } = await problemOf(change);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(lines).toEqual([expect.stringContaining(reason) as string]);
    expect(lines[0]).toMatch(/^DATABASE_URL: Postgres at 127\.0\.0\.1:\d+ /);
  });

  it.each<[string, (url: URL) => unknown, string]>([
    ['a host that nobody knows', (url) => (url.hostname = 'postgres.invalid'), 'nobody knows this host name'],
    [
      'a machine that does not answer',
      (url) => (proxy.stall(), (url.port = String(proxy.port))),
      'not answer',
    ],
  ])('is waited for in vain with %s', { timeout: 20_000 }, async (_, change, reason) => {
    const { error, lines } = await problemOf(change, 0);
    proxy.restore();
    expect(error).toBeInstanceOf(ServiceAway);
    expect(lines).toEqual([expect.stringContaining(reason) as string]);
  });

  it('that is another server is not waited for in silence', async () => {
    const http: Server = createServer((_request, response) => response.end('hello'));
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const { lines } = await problemOf((url) => {
      canary(url);
      url.port = String((http.address() as AddressInfo).port);
    });
    expect(lines).toEqual([
      expect.stringContaining(' hangs up;') as string,
      expect.stringContaining(' still hangs up;') as string,
    ]);
    http.close();
  });

  it('says of a certificate that cannot be read only why', async () => {
    const broken = loadConfig({
      TOCSIN_PROFILE: 'embedded',
      DATABASE_URL: 'postgres://ada:canary@127.0.0.1/tocsin?sslrootcert=/nowhere/ca.pem',
    });
    const error = await Promise.resolve()
      .then(() => waitForPostgres(broken))
      .catch((e: unknown) => e);
    expect(error).toEqual(new ConfigurationError(['DATABASE_URL: cannot be used as it is written (ENOENT)']));
  });

  it('is waited for until somebody has migrated it, and taken when a newer version has', async () => {
    const migrating = waitForServices(config(), [], {
      say: (line) => {
        say(line);
        if (said.length === 1) void migrate(config(), []);
      },
    });
    await migrating;
    // Whoever asks between two migrations says how many are left.
    const lacking = said.splice(0, said.length - 1);
    expect(lacking[0]).toMatch(
      / lacks \d+ migrations? of this version \(npm run db:migrate\); trying again for 30 s\.$/,
    );
    expect(lacking.filter((line) => !line.includes(' lacks '))).toEqual([]);
    expect(said.splice(0)).toEqual([expect.stringMatching(/ can be used now\.$/)]);
    await waitForServices(config(), [], { say });
    expect(said).toEqual([]);

    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`insert into platform.migrations (name) values ('29991231000000_of_the_future')`);
    await client.end();
    await waitForServices(config(), [], { say });
    expect(said).toEqual([expect.stringMatching(/a newer version has migrated .*of_the_future/)]);
  });
});

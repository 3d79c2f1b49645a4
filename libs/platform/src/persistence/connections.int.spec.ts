import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { type Config, loadConfig } from '../config/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { hangUpOnceSilent } from './connections.ts';
import { Database } from './database.ts';

describe('the connections of a process to Postgres', () => {
  let postgres: TestDatabase;
  let proxy: TcpProxy;
  const apps: TestingModule[] = [];

  beforeAll(async () => {
    postgres = await createDatabase(inject('postgresUrl'));
    const { hostname, port } = new URL(postgres.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await proxy.close();
    await postgres.drop();
  });

  const configOf = (change: (url: URL) => unknown = () => undefined): Config => {
    const url = new URL(postgres.url);
    url.port = String(proxy.port);
    change(url);
    return loadConfig({ DATABASE_URL: url.href, TOCSIN_PROFILE: 'embedded', LOG_LEVEL: 'trace' });
  };
  const databaseOf = async (app: string, config = configOf()): Promise<Database> => {
    const module = await Test.createTestingModule({ imports: platformModules(config, app, []) }).compile();
    apps.push(module);
    return module.get(Database);
  };
  const setting = async (database: Database, name: string): Promise<string> => {
    const { value } = await database.one<{ value: string }>`select current_setting(${name}) as value`;
    return value;
  };

  it('let a statement of a request take five seconds and one of a worker thirty', async () => {
    const [api, worker] = [await databaseOf('api'), await databaseOf('worker')];
    expect(await setting(api, 'statement_timeout')).toBe('5s');
    expect(await setting(worker, 'statement_timeout')).toBe('30s');
  });

  it('have Postgres notice that a process vanished, and give its locks away', async () => {
    const database = await databaseOf('worker');
    expect(await setting(database, 'tcp_keepalives_idle')).toBe('30');
    expect(await setting(database, 'idle_in_transaction_session_timeout')).toBe('1min');
  });

  it('keep to the parameters of the URL', async () => {
    const database = await databaseOf(
      'api',
      configOf((url) => (url.search = 'sslmode=verify-full')),
    );
    await expect(database.sql`select 1`).rejects.toThrow('does not support SSL');
  });

  it(
    'are given up at the end of a process when Postgres is silent, and only then',
    { timeout: 60_000 },
    async () => {
      const database = await databaseOf('worker');
      const slow = database.one<{ n: number }>`select 7 as n from pg_sleep(2)`;
      const watching = hangUpOnceSilent(configOf());
      expect(await slow).toEqual({ n: 7 });
      const inTransaction = database.transaction(async () => {
        await database.sql`select 1`;
        proxy.stall();
        await database.sql`select 2`;
      });
      await expect(inTransaction).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      await watching;
      await expect(database.sql`select 3`).rejects.toThrow('Postgres does not answer');
      proxy.restore();
    },
  );
});

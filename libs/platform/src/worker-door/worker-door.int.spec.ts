import { once } from 'node:events';
import { createServer } from 'node:net';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseExposition } from '../../../../test/support/exposition.ts';
import { freePorts } from '../../../../test/support/free-ports.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { loadConfig } from '../config/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { RelayModule } from '../messaging/index.ts';
import { WorkerDoorModule } from './worker-door.module.ts';

describe('the door of a worker', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let proxy: TcpProxy;
  let port: number;
  let app: INestApplicationContext | undefined;

  beforeAll(async () => {
    postgres = await migratedDatabase();
    const url = new URL(postgres.url);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  });
  beforeEach(async () => {
    [port = 0] = await freePorts(1);
    proxy.restore();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  afterAll(async () => {
    await proxy.close();
    await postgres.drop();
  });

  const start = async (variables: NodeJS.ProcessEnv) => {
    const url = new URL(postgres.url);
    url.host = `127.0.0.1:${proxy.port}`;
    const config = loadConfig({
      DATABASE_URL: url.href,
      TOCSIN_PROFILE: 'embedded',
      LOG_LEVEL: 'trace',
      WORKER_ROLES: 'relay',
      ...variables,
    });
    const testing = await Test.createTestingModule({
      imports: [...platformModules(config, 'worker', []), WorkerDoorModule, RelayModule],
    }).compile();
    app = await testing.init();
  };
  const ask = async (path: string, options: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, options);
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  };
  const probe = async (path: string) => {
    const { status, body } = await ask(path);
    return { status, body: JSON.parse(body) as unknown };
  };

  it('tells what the worker counts, as text and as JSON', async () => {
    await start({ METRICS_PORT: `${port}` });
    const { status, type, body } = await ask('/metrics');
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    const pool = parseExposition(body).get('tocsin_postgres_pool_size');
    expect(pool?.samples).toMatchObject([{ labels: { process: 'worker' }, value: 10 }]);
    const families = await ask('/metrics', { headers: { accept: 'application/json' } });
    expect(JSON.parse(families.body)).toContainEqual(
      expect.objectContaining({
        name: 'tocsin_postgres_pool_size',
        values: [{ value: 10, labels: { process: 'worker' } }],
      }),
    );
  });

  it('says that the worker lives and, once its roles have begun, that it is ready', async () => {
    await start({ METRICS_PORT: `${port}` });
    expect(await probe('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await probe('/health/ready')).toEqual({
      status: 200,
      body: {
        status: 'ok',
        dependencies: { postgres: { status: 'up' } },
        roles: { relay: { status: 'up' } },
      },
    });
  });

  it('says which role does not run', async () => {
    await start({ METRICS_PORT: `${port}`, WORKER_ROLES: 'relay,delivery' });
    expect(await probe('/health/ready')).toMatchObject({
      status: 503,
      body: { status: 'unavailable', roles: { relay: { status: 'up' }, delivery: { status: 'down' } } },
    });
  });

  it('says that Postgres is away, answers everything else, and is ready again when it is back', async () => {
    await start({ METRICS_PORT: `${port}` });
    proxy.cut();
    expect(await probe('/health/ready')).toMatchObject({
      status: 503,
      body: { dependencies: { postgres: { status: 'down' } } },
    });
    expect(await probe('/health/live')).toMatchObject({ status: 200 });
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
    proxy.restore();
    await expect.poll(() => probe('/health/ready'), { timeout: 10_000 }).toMatchObject({ status: 200 });
  });

  it('opens to nothing else', async () => {
    await start({ METRICS_PORT: `${port}` });
    expect(await ask('/')).toMatchObject({ status: 404 });
    expect(await ask('/metrics', { method: 'POST', body: 'x' })).toMatchObject({ status: 405 });
    expect(await ask('/health/live?x=1', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('is closed when the worker has ended, also while somebody keeps a connection', async () => {
    await start({ METRICS_PORT: `${port}` });
    await ask('/health/live');
    await app?.close();
    app = undefined;
    await expect(ask('/health/live')).rejects.toThrow('fetch failed');
  });

  it('is not there without METRICS_PORT', async () => {
    await start({});
    await expect(ask('/health/live')).rejects.toThrow('fetch failed');
  });

  it('that cannot be opened ends the start, naming its variable', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const starting = start({ METRICS_PORT: `${port}` });
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE', port, variable: 'METRICS_PORT' });
    other.close();
  });
});

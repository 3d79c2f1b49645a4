import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { loadConfig } from '../config/index.ts';
import { configureHttp, httpAdapter } from '../http/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { Database } from '../persistence/index.ts';
import { HealthModule } from './health.module.ts';

describe('the probes', () => {
  let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
  let proxy: TcpProxy;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    postgres = await migratedDatabase();
    const url = new URL(postgres.url);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${proxy.port}`;
    const config = loadConfig({ DATABASE_URL: url.href, TOCSIN_PROFILE: 'embedded', LOG_LEVEL: 'trace' });
    const module = await Test.createTestingModule({
      imports: [...platformModules(config, 'test', []), HealthModule],
    }).compile();
    app = await configureHttp(module.createNestApplication<NestFastifyApplication>(httpAdapter(config)));
    await app.init();
  });

  afterAll(async () => {
    await app.close();
    await proxy.close();
    await postgres.drop();
  });

  beforeEach(() => proxy.restore());

  const probe = async (path: string) => {
    const { statusCode: status, headers, body } = await app.inject(path);
    return { status, headers, body: JSON.parse(body) as unknown };
  };
  const live = { status: 200, body: { status: 'ok' } };
  const ready = { status: 200, body: { status: 'ok', dependencies: { postgres: { status: 'up' } } } };
  const away = {
    status: 503,
    headers: { 'retry-after': '2', 'content-type': 'application/problem+json; charset=utf-8' },
    body: { code: 'http.unavailable', instance: '/health/ready' },
  };

  it('say that the process lives and is ready', async () => {
    expect(await probe('/health/live')).toMatchObject(live);
    expect(await probe('/health/ready')).toMatchObject(ready);
  });

  it('say that it is not ready while Postgres is away, and again when it is back', async () => {
    await probe('/health/ready');
    proxy.cut();
    expect(await probe('/health/ready')).toMatchObject(away);
    expect(await probe('/health/ready')).toMatchObject(away);
    expect(await probe('/health/live')).toMatchObject(live);
    proxy.restore();
    expect(await probe('/health/ready')).toMatchObject(ready);
  });

  it('ask Postgres once, however many come while it is silent: they are not rate limited', async () => {
    await probe('/health/ready');
    const asked = vi.spyOn(app.get(Database), 'sql');
    proxy.stall();
    const answers = await Promise.all(Array.from({ length: 30 }, () => probe('/health/ready')));
    for (const answer of answers) expect(answer).toMatchObject(away);
    expect(asked).toHaveBeenCalledTimes(1);
    asked.mockRestore();
    proxy.cut();
    proxy.restore();
    await expect.poll(() => probe('/health/ready'), { timeout: 20_000 }).toMatchObject(ready);
  });

  it('survive an idle connection that Postgres ends', async () => {
    const database = app.get(Database);
    const others = async () => {
      const { count } = await database.one<{ count: number }>`
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      return count;
    };
    await Promise.all([database.sql`select pg_sleep(0.05)`, database.sql`select pg_sleep(0.05)`]);
    expect(await others()).toBeGreaterThan(0);
    await expect.poll(others).toBe(0);
    expect(await probe('/health/ready')).toMatchObject(ready);
  });

  it('say that a process is not ready that was told to end, while it still answers', async () => {
    const config = loadConfig({
      DATABASE_URL: postgres.url,
      TOCSIN_PROFILE: 'embedded',
      LOG_LEVEL: 'trace',
      DRAIN_SECONDS: '1',
    });
    const module = await Test.createTestingModule({
      imports: [...platformModules(config, 'test', []), HealthModule],
    }).compile();
    const ending = await configureHttp(
      module.createNestApplication<NestFastifyApplication>(httpAdapter(config)),
    );
    await ending.listen(0, '127.0.0.1');
    const url = await ending.getUrl();
    const ask = async (path: string) => {
      const answer = await fetch(`${url}${path}`);
      return { status: answer.status, code: ((await answer.json()) as { code?: string }).code };
    };
    expect(await ask('/health/ready')).toEqual({ status: 200 });
    const ended = ending.close();
    await expect.poll(() => ask('/health/ready')).toEqual({ status: 503, code: 'http.draining' });
    expect(await ask('/health/live')).toEqual({ status: 200 });
    await ended;
    await expect(ask('/health/live')).rejects.toThrow('fetch failed');
  });
});

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts';
import { configureHttp, httpAdapter } from '../http/index.ts';
import { platformModules } from '../lifecycle/index.ts';
import { HealthModule } from './health.module.ts';

let redis: RedisServer;
let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
let app: NestFastifyApplication;

beforeAll(async () => {
  redis = await startRedis();
  postgres = await migratedDatabase([], { REDIS_URL: redis.url });
  const module = await Test.createTestingModule({
    imports: [...platformModules(postgres.config, 'test', []), HealthModule],
  }).compile();
  app = await configureHttp(
    module.createNestApplication<NestFastifyApplication>(httpAdapter(postgres.config)),
  );
  await app.init();
});
afterAll(async () => {
  await app.close();
  await postgres.drop();
  await redis.close();
});

it('is ready with Redis, and names it as away without it', async () => {
  const probe = async () => {
    const { statusCode: status, body } = await app.inject('/health/ready');
    return { status, body: JSON.parse(body) as unknown };
  };
  const ready = (state: string) => ({
    status: 200,
    body: { status: 'ok', dependencies: { postgres: { status: 'up' }, redis: { status: state } } },
  });
  await expect.poll(probe, { timeout: 5_000 }).toEqual(ready('up'));
  redis.hold();
  expect(await probe()).toEqual(ready('away'));
  redis.resume();
  await expect.poll(probe, { timeout: 5_000 }).toEqual(ready('up'));
  await redis.stop('SIGKILL');
  await expect.poll(probe, { timeout: 5_000 }).toEqual(ready('away'));
});

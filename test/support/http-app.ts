import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ConfigModule, loadConfig } from '#platform/config';
import { configureHttp, httpAdapter, RateLimitsModule } from '#platform/http';
import { loggingModule } from '#platform/logging';
import { MetricsModule } from '#platform/metrics';
import { RedisModule } from '#platform/redis';
import './logs.setup.ts';

/** Some routes with the manners of the api, and nothing else of it. */
export async function startHttpApp(
  variables: NodeJS.ProcessEnv = {},
  ...routes: Type[]
): Promise<NestFastifyApplication> {
  const config = loadConfig({ LOG_LEVEL: 'trace', ...variables });
  const imports = [
    ConfigModule.forRoot(config),
    loggingModule(config, 'test'),
    MetricsModule.forRoot('test'),
    RedisModule,
    RateLimitsModule,
    ...routes,
  ];
  const module = await Test.createTestingModule({ imports }).compile();
  const app = await configureHttp(module.createNestApplication<NestFastifyApplication>(httpAdapter(config)));
  return app.init();
}

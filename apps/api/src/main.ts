import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config, loadConfig } from '#platform/config';
import { configureHttp, httpAdapter } from '#platform/http';
import { run } from '#platform/lifecycle';
import { ApiModule } from './api.module.ts';

await run(
  async () => {
    const module = ApiModule.forRoot(loadConfig(process.env));
    const options = { bufferLogs: true, abortOnError: false };
    return configureHttp(await NestFactory.create<NestFastifyApplication>(module, httpAdapter(), options));
  },
  (app) => {
    const { port, host } = app.get(Config);
    return app.listen(port, host);
  },
);

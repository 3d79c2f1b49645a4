import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config, loadConfig } from '#platform/config';
import { configureHttp, httpAdapter } from '#platform/http';
import { run } from '#platform/lifecycle';
import { waitForServices } from '#platform/services';
import { ApiModule, contexts } from './api.module.ts';

await run(
  async () => {
    const config = loadConfig(process.env);
    await waitForServices(config, contexts);
    const module = ApiModule.forRoot(config);
    const options = { bufferLogs: true, abortOnError: false };
    return configureHttp(
      await NestFactory.create<NestFastifyApplication>(module, httpAdapter(config), options),
    );
  },
  (app) => {
    const { port, host } = app.get(Config);
    return app.listen(port, host);
  },
);

import { NestFactory } from '@nestjs/core';
import { loadConfig } from '#platform/config';
import { run } from '#platform/lifecycle';
import { waitForServices } from '#platform/services';
import { contexts, WorkerModule } from './worker.module.ts';

await run(
  async () => {
    const config = loadConfig(process.env);
    await waitForServices(config, contexts);
    const module = WorkerModule.forRoot(config);
    return NestFactory.createApplicationContext(module, { bufferLogs: true, abortOnError: false });
  },
  (app) => app.init(),
);

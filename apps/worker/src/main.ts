import { NestFactory } from '@nestjs/core';
import { loadConfig } from '#platform/config';
import { run } from '#platform/lifecycle';
import { WorkerModule } from './worker.module.ts';

await run(
  () => {
    const module = WorkerModule.forRoot(loadConfig(process.env));
    return NestFactory.createApplicationContext(module, { bufferLogs: true, abortOnError: false });
  },
  (app) => app.init(),
);

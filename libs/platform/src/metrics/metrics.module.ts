import { type DynamicModule, Module } from '@nestjs/common';
import { OutboxBacklog } from '../messaging/outbox-backlog.ts';
import { HttpMetrics } from './http-metrics.ts';
import { MetricsController } from './metrics.controller.ts';
import { Metrics } from './metrics.ts';

/** The metrics of one process, for whoever counts something. */
@Module({})
export class MetricsModule {
  static forRoot(app: string): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      providers: [{ provide: Metrics, useValue: new Metrics(app) }],
      exports: [Metrics],
    };
  }
}

/** `GET /metrics` of the api, and what it counts of every request. */
@Module({ controllers: [MetricsController], providers: [HttpMetrics, OutboxBacklog] })
export class MetricsHttpModule {}

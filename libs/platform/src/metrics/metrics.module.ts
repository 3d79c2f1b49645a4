import { type DynamicModule, Module } from '@nestjs/common';
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

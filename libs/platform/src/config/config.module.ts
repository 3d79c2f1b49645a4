import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './load-config.ts';

/** Gives every provider of a process its checked settings. */
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Config, useValue: config }],
      exports: [Config],
    };
  }
}

import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from '../config/index.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { ContextPersistence } from './context-persistence.ts';
import { Database } from './database.ts';
import { measurePool } from './measure-pool.ts';
import { type Limits, ormOptions } from './orm-options.ts';

/** Connects a process to Postgres with the entities of every context. */
@Module({})
export class PersistenceModule {
  static forRoot(contexts: readonly ContextPersistence[], limits: Limits): DynamicModule {
    return {
      module: PersistenceModule,
      global: true,
      imports: [
        MikroOrmModule.forRootAsync({
          driver: PostgreSqlDriver,
          inject: [Config, Metrics],
          useFactory: (config: Config, metrics: Metrics) => ({
            ...ormOptions(config, contexts, limits, (pool) => measurePool(pool, metrics)),
            registerRequestContext: false,
          }),
        }),
      ],
      providers: [Database],
      exports: [Database],
    };
  }
}

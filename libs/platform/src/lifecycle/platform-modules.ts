import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Clock, SystemClock } from '#kernel';
import { CacheModule } from '../cache/index.ts';
import { type Config, ConfigModule } from '../config/index.ts';
import { RateLimitsModule } from '../http/rate-limits.ts';
import { loggingModule } from '../logging/index.ts';
import { MessagingModule } from '../messaging/index.ts';
import { MetricsModule } from '../metrics/index.ts';
import { type ContextPersistence, forRequests, forWork, PersistenceModule } from '../persistence/index.ts';
import { RedisModule } from '../redis/index.ts';
import { Sealer } from '../secrets/index.ts';
import { Roles } from './roles.ts';

@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, Roles, Sealer],
  exports: [Clock, Roles, Sealer],
})
class LifecycleModule {}

/** What every process of ours stands on. */
export function platformModules(
  config: Config,
  app: string,
  contexts: readonly ContextPersistence[],
): (DynamicModule | Type)[] {
  return [
    ConfigModule.forRoot(config),
    loggingModule(config, app),
    MetricsModule.forRoot(app),
    LifecycleModule,
    PersistenceModule.forRoot(contexts, app === 'api' ? forRequests : forWork),
    RedisModule,
    RateLimitsModule,
    CacheModule,
    // Here and not inside MessagingModule: handlers are registered before anything that asks at its start.
    CqrsModule.forRoot(),
    MessagingModule,
  ];
}

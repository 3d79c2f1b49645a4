import { type DynamicModule, Module } from '@nestjs/common';
import { IdentityHttpModule, identityPersistence } from '#libs/identity';
import type { Config } from '#platform/config';
import { HealthModule } from '#platform/health';
import { platformModules } from '#platform/lifecycle';

export const contexts = [identityPersistence];

/** HTTP: no feed, no evaluation, no job. */
@Module({ imports: [HealthModule, IdentityHttpModule] })
export class ApiModule {
  static forRoot(config: Config): DynamicModule {
    return { module: ApiModule, imports: platformModules(config, 'api', contexts) };
  }
}

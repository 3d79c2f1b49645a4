import { Global, Module } from '@nestjs/common';
import { OwnerCache } from './owner-cache.ts';

@Global()
@Module({ providers: [OwnerCache], exports: [OwnerCache] })
export class CacheModule {}

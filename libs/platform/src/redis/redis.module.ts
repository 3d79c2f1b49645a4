import { Global, Module } from '@nestjs/common';
import { Redis } from './redis.ts';

/** One connection to Redis a process, where `REDIS_URL` names one. */
@Global()
@Module({ providers: [Redis], exports: [Redis] })
export class RedisModule {}

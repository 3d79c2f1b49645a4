import { Global, Module } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.ts';
import { Redis } from './redis.ts';

/** One connection to Redis a process, where `REDIS_URL` names one. */
@Global()
@Module({ providers: [Redis], exports: [Redis] })
export class RedisModule {
  constructor({ client }: Redis, metrics: Metrics) {
    metrics.gauge(
      'tocsin_redis_connected',
      'Whether the connection to Redis can be used: 1 or 0. Absent without REDIS_URL.',
      [],
      () => (client ? [[{}, Number(client.isReady)]] : []),
    );
  }
}

import { Global, Module } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.ts';
import { OwnerCache } from './owner-cache.ts';

@Global()
@Module({ providers: [OwnerCache], exports: [OwnerCache] })
export class CacheModule {
  constructor({ lookups }: OwnerCache, metrics: Metrics) {
    metrics.counter(
      'tocsin_cache_lookups_total',
      'Lists looked up in the cache, by result: hit, miss, or away when the cache could not be asked.',
      ['list', 'result'],
      () =>
        [...lookups].flatMap(([list, results]) =>
          Object.entries(results).map(([result, count]) => [{ list, result }, count] as const),
        ),
    );
  }
}

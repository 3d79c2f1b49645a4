import { Global, Injectable, Module } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.ts';
import { Redis } from '../redis/index.ts';
import { type Policy, RateLimit } from './rate-limit.ts';

/** Makes the limits of a process, and tells whom they refuse. */
@Injectable()
export class RateLimits {
  private readonly all: RateLimit[] = [];

  constructor(
    private readonly redis: Redis,
    private readonly metrics: Metrics,
  ) {}

  of(policy: Policy): RateLimit {
    if (this.all.length === 0) this.countRefusals();
    const limit = new RateLimit(policy, this.redis);
    this.all.push(limit);
    return limit;
  }

  /** Not told by a process that refuses nobody. */
  private countRefusals(): void {
    this.metrics.counter(
      'tocsin_http_rate_limit_refusals_total',
      'Requests refused with 429, by the policy whose quota was used up.',
      ['policy'],
      () => this.all.map(({ policy, refusals }) => [{ policy: policy.name }, refusals]),
    );
  }
}

@Global()
@Module({ providers: [RateLimits], exports: [RateLimits] })
export class RateLimitsModule {}

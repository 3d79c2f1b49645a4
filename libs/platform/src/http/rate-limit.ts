import { HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Redis } from '../redis/index.ts';

/** How many requests may be made in a window of time, which begins with the first of them. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/** What this process may still let through for a key without asking. */
interface Share {
  left: number;
  /** What was left beside it, for every process, when it was taken. */
  others: number;
  /** When the window ends, in ms since 1970. */
  until: number;
  taking?: Promise<void> | undefined;
}

/**
 * Counts requests by a key, for all processes in Redis. Each process takes the quota in portions of a hundredth, so most
 * requests cost no question; what it has not used when the window ends is lost to that window. Without a Redis, or while
 * it is away, each process counts by itself: n of them then let up to n times the quota through, and nobody waits or is
 * refused because of Redis.
 */
export class RateLimit {
  /** Requests that were refused by this process. */
  refusals = 0;
  private readonly own: RateLimiterMemory;
  private readonly shared: RateLimiterRedis | null;
  private readonly portion: number;
  private readonly shares = new Map<string, Share>();

  constructor(
    readonly policy: Policy,
    private readonly redis: Redis,
  ) {
    const { name, quota, windowSeconds } = policy;
    const options = { keyPrefix: `rate:${name}`, points: quota, duration: windowSeconds };
    const { client } = redis;
    this.own = new RateLimiterMemory(options);
    this.shared = client && new RateLimiterRedis({ ...options, storeClient: client, useRedisPackage: true });
    this.portion = Math.ceil(quota / 100);
    setInterval(() => this.forgetEnded(), windowSeconds * 1000).unref();
  }

  /**
   * Counts a request and says so in the fields of draft-ietf-httpapi-ratelimit-headers-10, beside those of other
   * policies.
   * @throws HttpException 429, with `Retry-After`, when the quota is used up
   */
  async admit(key: string, reply: FastifyReply): Promise<void> {
    const { name, quota, windowSeconds } = this.policy;
    const share = this.shareOf(key);
    while (share.until <= Date.now() || (share.left === 0 && share.others > 0)) {
      // One question at a time: whoever comes meanwhile lives on its answer.
      share.taking ??= this.take(key, share).finally(() => (share.taking = undefined));
      await share.taking;
    }
    const refused = share.left === 0;
    if (!refused) share.left -= 1;
    const seconds = Math.ceil((share.until - Date.now()) / 1000);
    append(reply, 'RateLimit-Policy', `"${name}";q=${quota};w=${windowSeconds}`);
    append(reply, 'RateLimit', `"${name}";r=${share.left + share.others};t=${seconds}`);
    if (!refused) return;
    this.refusals += 1;
    void reply.header('Retry-After', seconds);
    throw new HttpException('Too many requests', 429);
  }

  private shareOf(key: string): Share {
    const known = this.shares.get(key);
    if (known) return known;
    const share = { left: 0, others: 0, until: 0 };
    this.shares.set(key, share);
    return share;
  }

  private async take(key: string, share: Share): Promise<void> {
    const { portion, shared, own } = this;
    // `penalty` counts and, other than `consume`, does not throw beyond the quota.
    const counted =
      (shared && (await this.redis.ask(() => shared.penalty(key, portion)))) ??
      (await own.penalty(key, portion));
    const others = this.policy.quota - counted.consumedPoints;
    share.left = Math.max(0, Math.min(portion, portion + others));
    share.others = Math.max(0, others);
    share.until = Date.now() + counted.msBeforeNext;
  }

  private forgetEnded(): void {
    for (const [key, { until }] of this.shares) if (until <= Date.now()) this.shares.delete(key);
  }
}

function append(reply: FastifyReply, name: string, item: string): void {
  const others = reply.getHeader(name);
  void reply.header(name, others === undefined ? item : `${String(others)}, ${item}`);
}

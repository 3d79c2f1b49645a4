import { HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Redis } from '../redis/index.ts';

/** How many requests may be made in a window of time, which begins with the first of them. */
export interface Policy {
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
  /** Spoken of only where it refuses: what is left would tell what others did under the same key. */
  readonly discreet?: boolean;
}

/** For how long, in ms, a key is known to be used up without asking: another process may forget it meanwhile. */
const usedUpFor = 1_000;
/** How often, in ms, a process drops what it need not remember: a flood may come from, or try, any number of keys. */
const tidyEvery = 60_000;

/** What this process may still let through for a key without asking. */
interface Share {
  left: number;
  /** What was left beside it, for every process, when it was taken. */
  others: number;
  /** When the window ends, in ms since 1970. */
  until: number;
  /** When it was taken, in ms since 1970. */
  takenAt: number;
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
    setInterval(() => this.tidy(), Math.min(windowSeconds * 1000, tidyEvery)).unref();
  }

  /**
   * Counts a request and says so in the fields of draft-ietf-httpapi-ratelimit-headers-10, beside those of other
   * policies.
   * @throws HttpException 429, with `Retry-After`, when the quota is used up
   */
  async admit(key: string, reply: FastifyReply): Promise<void> {
    const share = this.shareOf(key);
    while (isOutdated(share)) {
      // One question at a time: whoever comes meanwhile lives on its answer.
      share.taking ??= this.take(key, share).finally(() => (share.taking = undefined));
      await share.taking;
    }
    const refused = share.left === 0;
    if (!refused) share.left -= 1;
    if (refused || !this.policy.discreet) this.tell(share, reply);
    if (!refused) return;
    this.refusals += 1;
    void reply.header('Retry-After', secondsLeft(share));
    throw new HttpException('Too many requests', 429);
  }

  /** Counts from zero again. Another process goes on for up to a second where it refuses, or for what it has of a portion. */
  async forget(key: string): Promise<void> {
    const { shared, own } = this;
    this.shares.delete(key);
    await own.delete(key);
    if (shared) await this.redis.tell(() => shared.delete(key));
  }

  private tell(share: Share, reply: FastifyReply): void {
    const { name, quota, windowSeconds } = this.policy;
    append(reply, 'RateLimit-Policy', `"${name}";q=${quota};w=${windowSeconds}`);
    append(reply, 'RateLimit', `"${name}";r=${share.left + share.others};t=${secondsLeft(share)}`);
  }

  private shareOf(key: string): Share {
    const known = this.shares.get(key);
    if (known) return known;
    const share = { left: 0, others: 0, until: 0, takenAt: 0 };
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
    share.takenAt = Date.now();
    share.until = share.takenAt + counted.msBeforeNext;
  }

  /** Keeps what is left of portions, which would be lost. */
  private tidy(): void {
    for (const [key, share] of this.shares) if (isOutdated(share) && !share.taking) this.shares.delete(key);
  }
}

/** Whether it cannot tell, without asking, if one more may be let through. */
function isOutdated({ left, others, until, takenAt }: Share): boolean {
  const now = Date.now();
  return until <= now || (left === 0 && (others > 0 || takenAt + usedUpFor <= now));
}

const secondsLeft = ({ until }: Share): number => Math.ceil((until - Date.now()) / 1000);

function append(reply: FastifyReply, name: string, item: string): void {
  const others = reply.getHeader(name);
  void reply.header(name, others === undefined ? item : `${String(others)}, ${item}`);
}

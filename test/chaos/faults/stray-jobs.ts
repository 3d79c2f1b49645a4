import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type Ground, inSession } from '../ground.ts';
import type { FaultLog } from './fault-log.ts';

/**
 * Jobs that nobody needs, as a queue may repeat them: a hint at rows in the version that they had at some time, or
 * that they have. Whatever they hint at, only a row that is due in that very version may be claimed.
 */
export class StrayJobs {
  private readonly ground: Ground;
  private readonly log: FaultLog;
  private readonly queue: Queue;
  private readonly redis: Redis;
  private added = 0;

  constructor(ground: Ground, log: FaultLog) {
    this.ground = ground;
    this.log = log;
    this.redis = new Redis(ground.redis.url, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
    this.redis.on('error', () => undefined);
    this.queue = new Queue('deliveries', { connection: this.redis, skipVersionCheck: true });
    this.queue.on('error', () => undefined);
  }

  /** As soon as there are rows, Postgres and Redis. */
  async add(count: number): Promise<void> {
    for (let missing = count; missing > 0;) {
      const at = Date.now();
      const added = await this.tryToAdd(missing).catch(() => 0);
      missing -= added;
      if (added > 0) this.log.add({ kind: 'stray-jobs', at, until: Date.now(), count: added });
      if (missing > 0) await delay(200);
    }
  }

  private async tryToAdd(count: number): Promise<number> {
    const { rows } = await inSession(this.ground.postgres.url, (client) =>
      client.query<{ id: string; version: number }>(recent, [count]),
    );
    const jobs = rows.map(({ id, version }) => ({
      name: 'deliver',
      data: { payload: 1, deliveryId: id, version },
      opts: { jobId: `stray-${(this.added += 1)}`, removeOnComplete: true, removeOnFail: true },
    }));
    await this.queue.addBulk(jobs);
    return jobs.length;
  }

  close(): void {
    this.redis.disconnect();
  }
}

/**
 * Rows that change just now, in a version that they have or had; first those that wait for their next try, only in one
 * that they had: a claim that takes them for it comes before its time.
 */
const recent = `
  select id, version - case when due_at > now() then 1 + random()::integer else (random() * 2)::integer end as version
  from delivery.deliveries
  where status in ('sending', 'retrying', 'pending') or settled_at > now() - interval '2 seconds'
  order by (status in ('retrying', 'pending') and due_at > now() + interval '300 milliseconds') desc, random()
  limit $1`;

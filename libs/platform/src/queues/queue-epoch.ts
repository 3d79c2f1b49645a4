import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { within } from '../lifecycle/within.ts';
import { Redis } from '../redis/index.ts';

/** The longest that anything waits for the queue's server. */
export const queuePatienceMs = 3_000;

/** A key of ours beside BullMQ's: whatever takes away the jobs takes this one with them. */
const markerKey = 'tocsin:queues:marker';

/** What the queues remember has a name, so that it can be told when they have forgotten it. */
@Injectable()
export class QueueEpoch {
  constructor(private readonly redis: Redis) {}

  /**
   * Another name after Redis was emptied, restarted or replaced by another one, the same for every process; null
   * on Postgres, which loses jobs only together with the rows they point at.
   * @throws Error when Redis is away
   */
  async current(): Promise<string | null> {
    const { client } = this.redis;
    if (client === null) return null;
    const fresh = randomUUID();
    const questions = Promise.all([
      client.set(markerKey, fresh, { NX: true, GET: true }),
      client.info('server'),
    ]);
    const [marker, server] = await within(queuePatienceMs, questions);
    return `${marker ?? fresh} ${/^run_id:(\w+)/m.exec(server)?.[1] ?? ''}`;
  }
}

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Config } from '../config/index.ts';

/**
 * BullMQ's connections to Redis: one for all queues and workers of a process, and one more for each worker to
 * wait on. They come back by themselves for as long as the process runs; a command that was given while there is
 * no connection waits for the next one, so whoever must not wait needs a deadline of its own.
 */
@Injectable()
export class QueueRedis implements OnApplicationShutdown {
  readonly client: Redis;
  private readonly clients: Redis[] = [];

  constructor(private readonly config: Config) {
    this.client = this.connect({});
  }

  /** Not `quit`, which waits for an answer. */
  onApplicationShutdown(): void {
    for (const client of this.clients) {
      // Between two attempts to connect it would not hear of it, and try once more for ever.
      if (client.status === 'reconnecting') client.connect().catch(() => undefined);
      client.disconnect();
    }
  }

  private connect(changed: object): Redis {
    const client = new Redis(this.config.redisUrl ?? '', {
      connectTimeout: 2_000,
      retryStrategy: (attempts) => Math.min(50 * 2 ** attempts, 1_000),
      maxRetriesPerRequest: null,
      // Longer than the 10 s for which a worker waits for a job: a machine that is gone says no goodbye.
      socketTimeout: 15_000,
      ...changed,
    });
    // `Redis` says that it is away, and each queue and worker is told of every error too.
    client.on('error', () => undefined);
    // How BullMQ gets the connection on which a worker waits.
    client.duplicate = (override) => this.connect(override ?? {});
    this.clients.push(client);
    return client;
  }
}

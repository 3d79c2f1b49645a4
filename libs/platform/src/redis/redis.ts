import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from '@redis/client';
import { Config } from '../config/index.ts';
import { within } from '../lifecycle/within.ts';

const connect = (url: string) =>
  createClient({
    url,
    // Whoever asks while there is no connection is told so at once, and not when there is one again.
    disableOfflineQueue: true,
    pingInterval: 10_000,
    socket: { connectTimeout: 2_000, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1_000) },
  });
export type RedisClient = ReturnType<typeof connect>;

/** The longest that a request waits for Redis; on loopback an answer takes a tenth of a millisecond. */
const deadlineMs = 100;
/** After no answer, nobody asks for so long: a Redis that hangs costs one wait a second and not one a request. */
const pauseMs = 1_000;

/**
 * Redis as something that may be away at any moment: what is asked of it is answered, or is soon known to be
 * unanswered. Nothing that is owed to anybody is kept here.
 */
@Injectable()
export class Redis implements OnApplicationShutdown {
  /** Null without `REDIS_URL`. For those who need the client itself, such as a store of cache-manager. */
  readonly client: RedisClient | null;
  private readonly logger = new Logger(Redis.name);
  private pausedUntil = 0;
  private away = false;

  constructor({ redisUrl }: Config) {
    this.client = redisUrl === null ? null : connect(redisUrl);
    this.client?.on('error', (error: Error) => this.missed(error));
    this.client?.on('ready', () => this.answered());
    // It goes on trying by itself for as long as the process runs.
    this.client?.connect().catch(() => undefined);
  }

  /** What Redis answers; undefined when there is none, or when it is away or slow. Never rejects. */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    const { client } = this;
    if (!client?.isReady || performance.now() < this.pausedUntil) return undefined;
    try {
      return await within(deadlineMs, question(client));
    } catch (error) {
      this.pausedUntil = performance.now() + pauseMs;
      this.missed(error as NodeJS.ErrnoException);
      return undefined;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.client?.isOpen) return;
    // Not `quit`, which waits for an answer: nothing that is still under way is needed by anybody.
    await this.client.disconnect().catch(() => undefined);
  }

  /** Once an outage: a Redis that is away for an hour is one line, not 3,600. */
  private missed({ message, code }: NodeJS.ErrnoException): void {
    // Several failed addresses make one error without a message.
    if (!this.away) this.logger.warn(`Redis is away: ${message || code}`);
    this.away = true;
  }

  private answered(): void {
    this.pausedUntil = 0;
    if (this.away) this.logger.log('Redis is back.');
    this.away = false;
  }
}

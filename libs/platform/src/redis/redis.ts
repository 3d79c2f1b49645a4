import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createClient, ErrorReply } from '@redis/client';
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

/** The longest that a question waits for its answer; on loopback that takes a tenth of a millisecond. */
const deadlineMs = 100;
/** After no answer, nobody asks for so long: a Redis that hangs costs one wait a second and not one a request. */
const pauseMs = 1_000;
/** The longest that a message is waited for, once until Redis is heard of again. */
const messageDeadlineMs = 1_000;
/** Refusals that follow each other within this time are said once: a Redis that is full refuses every second. */
const quietMs = 60_000;

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
  /** Questions and attempts to connect without an answer since the last one. */
  private misses = 0;
  /** Whether somebody has waited in vain for a message to be done. */
  private hangs = false;
  private refusedAt = -Infinity;

  constructor({ redisUrl }: Config) {
    this.client = redisUrl === null ? null : connect(redisUrl);
    this.client?.on('error', (error: Error) => this.missed(error));
    this.client?.on('ready', this.answered);
    // It goes on trying by itself for as long as the process runs.
    this.client?.connect().catch(() => undefined);
  }

  /** What Redis answers; undefined when there is none, or when it is away, slow or refuses. Never rejects. */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    const { client } = this;
    if (!client?.isReady || performance.now() < this.pausedUntil) return undefined;
    const answer = question(client);
    try {
      const known = await within(deadlineMs, answer);
      this.answered();
      return known;
    } catch (error) {
      if (error instanceof ErrorReply) {
        this.refused(error);
        return undefined;
      }
      // A moment's delay is not a second's pause.
      answer.then(this.answered, () => undefined);
      // Whoever asked beside this one has missed the same answer.
      if (performance.now() >= this.pausedUntil) this.missed(error as NodeJS.ErrnoException);
      this.pausedUntil = performance.now() + pauseMs;
      return undefined;
    }
  }

  /**
   * Has Redis do something before whatever this process asks of it later, and waits until it is done, unless it
   * hangs. Only a connection that breaks loses it. Never rejects.
   */
  async tell(message: (client: RedisClient) => Promise<unknown>): Promise<void> {
    const { client } = this;
    if (!client?.isReady) return;
    const done = message(client).then(this.answered, () => undefined);
    if (this.hangs) return;
    await within(messageDeadlineMs, done).catch(() => (this.hangs = true));
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.client?.isOpen) return;
    // Not `quit`, which waits for an answer: nothing that is still under way is needed by anybody.
    await this.client.disconnect().catch(() => undefined);
  }

  /** Once an outage, and not for a moment's delay: a Redis that is away for an hour is one line, not 3,600. */
  private missed({ message, code }: NodeJS.ErrnoException): void {
    this.misses += 1;
    // Several failed addresses make one error without a message.
    if (this.misses === 2) this.logger.warn(`Redis is away: ${message || code}`);
  }

  /** An answer too: it is there, and takes no more, or is still loading. */
  private refused({ message }: ErrorReply): void {
    this.answered();
    const now = performance.now();
    if (now - this.refusedAt > quietMs) this.logger.warn(`Redis refuses: ${message}`);
    this.refusedAt = now;
  }

  private readonly answered = (): void => {
    this.pausedUntil = 0;
    this.hangs = false;
    if (this.misses >= 2) this.logger.log('Redis is back.');
    this.misses = 0;
  };
}

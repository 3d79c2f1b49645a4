import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/index.ts';
import { connectionOptions } from '../persistence/connections.ts';

const channelName = /^[a-z_]+$/;

/**
 * Listens for NOTIFY on a connection of its own. A notification only wakes: whoever listens also polls once
 * a second, so a lost connection costs time and nothing else.
 */
@Injectable()
export class Wakeups implements OnApplicationShutdown {
  private readonly logger = new Logger(Wakeups.name);
  private readonly listeners = new Map<string, Set<() => void>>();
  /** The latest connection, also while it is being made. */
  private client: pg.Client | undefined;
  private socket: Socket | undefined;
  private connected = false;
  private failing = false;
  private connecting: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly config: Config) {}

  /** Calls `listener` after each commit that notified `channel`, and after each reconnect. */
  async listen(channel: string, listener: () => void): Promise<() => void> {
    if (!channelName.test(channel)) throw new Error(`${channel} is not a channel name.`);
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    // A connection that is lost meanwhile fails nobody: the next one listens to every channel.
    if (this.connected) await this.client?.query(`listen ${channel}`).catch(() => undefined);
    else await this.connect();
    return () => listeners.delete(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    // Only then: a client that is ended while it connects never says that it has ended.
    const disconnected = Promise.resolve(this.connecting).then(() => this.client?.end());
    // A database that does not answer must not hold up the end.
    await Promise.race([disconnected, delay(1000, undefined, { ref: false })]);
    this.socket?.destroy();
  }

  private connect(): Promise<void> {
    clearTimeout(this.retry);
    this.connecting ??= this.open().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async open(): Promise<void> {
    const options = connectionOptions(this.config.databaseUrl, 'tocsin wakeups');
    const stream = () => (this.socket = options.stream());
    const client = new pg.Client({ ...options, stream, query_timeout: 5_000 });
    this.client = client;
    client.on('error', (error) => this.logger.warn(`Lost the notification connection: ${error.message}`));
    client.on('end', () => this.reconnectLater(client));
    client.on('notification', ({ channel }) => this.wake(channel));
    try {
      await client.connect();
      for (const channel of this.listeners.keys()) await client.query(`listen ${channel}`);
      this.connected = true;
      this.failing = false;
      for (const channel of this.listeners.keys()) this.wake(channel);
    } catch (error) {
      // Once an outage.
      if (!this.closed && !this.failing) {
        this.logger.warn(
          `Cannot listen for notifications: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      this.failing = true;
      client.end().catch(() => undefined);
      this.reconnectLater(client);
    }
  }

  private reconnectLater(lost: pg.Client): void {
    if (this.closed || this.client !== lost) return;
    this.connected = false;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), 1000);
  }

  private wake(channel: string): void {
    if (this.closed) return;
    for (const listener of this.listeners.get(channel) ?? []) listener();
  }
}

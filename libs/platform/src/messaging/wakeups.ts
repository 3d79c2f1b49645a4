import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/index.ts';

const channelName = /^[a-z_]+$/;

/**
 * Listens for NOTIFY on a connection of its own. A notification only wakes: whoever listens also polls once
 * a second, so a lost connection costs time and nothing else.
 */
@Injectable()
export class Wakeups implements OnApplicationShutdown {
  private readonly logger = new Logger(Wakeups.name);
  private readonly listeners = new Map<string, Set<() => void>>();
  private client: pg.Client | undefined;
  private connecting: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly config: Config) {}

  /** Calls `listener` after each commit that notified `channel`, and after each reconnect. */
  async listen(channel: string, listener: () => void): Promise<() => void> {
    if (!channelName.test(channel)) throw new Error(`${channel} is not a channel name.`);
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    if (this.client) await this.client.query(`listen ${channel}`);
    else await this.connect();
    return () => listeners.delete(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end();
  }

  private connect(): Promise<void> {
    this.connecting ??= this.open().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.config.databaseUrl ?? undefined,
      application_name: 'tocsin wakeups',
      keepAlive: true,
    });
    client.on('error', (error) => this.logger.warn(`Lost the notification connection: ${error.message}`));
    client.on('end', () => this.reconnectLater(client));
    client.on('notification', ({ channel }) => this.wake(channel));
    try {
      await client.connect();
      for (const channel of this.listeners.keys()) await client.query(`listen ${channel}`);
      this.client = client;
      for (const channel of this.listeners.keys()) this.wake(channel);
    } catch (error) {
      this.logger.warn(
        `Cannot listen for notifications: ${error instanceof Error ? error.message : String(error)}`,
      );
      client.end().catch(() => undefined);
      this.reconnectLater(client);
    }
  }

  private reconnectLater(lost: pg.Client): void {
    if (this.client === lost) this.client = undefined;
    if (this.closed || this.client) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), 1000);
  }

  private wake(channel: string): void {
    for (const listener of this.listeners.get(channel) ?? []) listener();
  }
}

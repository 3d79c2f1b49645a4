import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

/** Looks how many events wait for a relay of another version, until it is stopped. */
export class Awaiting {
  most = 0;
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  constructor(private readonly databaseUrl: string) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    while (!this.ending.signal.aborted) {
      const { rows } = await client.query<{ count: number }>(
        'select count(*)::int from platform.outbox where awaits is not null',
      );
      this.most = Math.max(this.most, rows[0]?.count ?? 0);
      await pause(50);
    }
    await client.end();
  }
}

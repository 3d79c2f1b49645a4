import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { isAlive } from '#platform/data-dir';
import { freePorts } from './free-ports.ts';
import { Tocsin } from './tocsin.ts';

/** An empty data folder and free ports for each test, and the end of whatever it started. */
export class TocsinPerTest {
  dataDir = '';
  variables: Record<string, string> = {};
  private started: Tocsin[] = [];

  constructor() {
    beforeEach(async () => {
      this.started = [];
      this.dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
      // Where the tests run as root, the account that runs Postgres has to get in.
      chmodSync(this.dataDir, 0o711);
      const [api, page, smtp] = await freePorts(3);
      this.variables = {
        TOCSIN_DATA_DIR: this.dataDir,
        PORT: `${api}`,
        MAILBOX_PORT: `${page}`,
        MAILBOX_SMTP_PORT: `${smtp}`,
        MARKET_FEEDS: 'none',
      };
    });
    afterEach(async () => {
      for (const tocsin of this.started) tocsin.kill('SIGTERM');
      for (const tocsin of this.started) await tocsin.ended();
      rmSync(this.dataDir, { recursive: true });
    });
  }

  start(variables: Record<string, string> = {}): Tocsin {
    const tocsin = new Tocsin({ ...this.variables, ...variables });
    this.started.push(tocsin);
    return tocsin;
  }
}

/** Resolves once none of these processes is left. */
export const allGone = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 30_000, interval: 50 });

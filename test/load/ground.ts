import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../libs/platform/src/postgres-server/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { startRedis } from '../support/redis-server.ts';

export const secret = 'the secret of a benchmark, long enough to sign with';

/** A migrated database with fsync, a Redis, and the built processes that a benchmark measures. */
export async function prepareLoad(settings: Record<string, string> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  chmodSync(dataDir, 0o711);
  const postgres = await startPostgres({ dataDir, durable: true });
  const redis = await startRedis();
  const children: ChildProcess[] = [];
  // A benchmark that fails, or is ended, ends at once, and nothing of it is to stay; Postgres sees to that itself.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    void redis.stop('SIGKILL');
  });
  const variables = {
    TOCSIN_PROFILE: 'embedded',
    TOCSIN_DATA_DIR: dataDir,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    JWT_SECRET: secret,
    ENCRYPTION_KEY: secret,
    HOST: '127.0.0.1',
    RATE_LIMIT: 'off',
    DEMO: 'off',
    ...settings,
  };

  function run(program: URL, more: Record<string, string> = {}): ChildProcess {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, NODE_ENV: 'production', LOG_LEVEL: 'warn', ...variables, ...more };
    return spawn(process.execPath, [fileURLToPath(program)], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  /** Starts a program that runs until the end. */
  function start(program: URL, more: Record<string, string> = {}): ChildProcess {
    const child = run(program, more);
    children.push(child);
    return child;
  }
  /** Starts a program that listens, and returns its address. */
  async function listen(program: URL, more: Record<string, string> = {}): Promise<string> {
    const [port = 0] = await freePorts(1);
    start(program, { ...more, PORT: String(port) });
    return `http://127.0.0.1:${port}`;
  }
  async function close(): Promise<void> {
    for (const child of children) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await redis.close();
    await postgres.stop();
    rmSync(dataDir, { recursive: true });
  }

  await once(run(builtApi('migrate')), 'exit');
  return { databaseUrl: postgres.url, start, listen, close };
}

export const builtWorker = new URL('../../dist/apps/worker/src/main.js', import.meta.url);
export const builtApi = (file: string): URL => new URL(`../../dist/apps/api/src/${file}.js`, import.meta.url);

/** The body of a GET, once the process answers. */
export async function answerOf(url: string, token: string): Promise<string> {
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
    if (answer?.ok) return answer.text();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

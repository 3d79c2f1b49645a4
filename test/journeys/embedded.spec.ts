import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '#platform/data-dir';
import { freePorts } from '../support/free-ports.ts';
import { Tocsin } from '../support/tocsin.ts';

describe('the embedded profile', () => {
  let dataDir: string;
  let variables: Record<string, string>;
  let started: Tocsin[];

  const start = (): Tocsin => {
    const tocsin = new Tocsin(variables);
    started.push(tocsin);
    return tocsin;
  };
  const allGone = (pids: readonly number[]): Promise<void> =>
    vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 30_000, interval: 50 });

  beforeEach(async () => {
    started = [];
    dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
    // Where the tests run as root, the account that runs Postgres has to get in.
    chmodSync(dataDir, 0o711);
    const [api, page, smtp] = await freePorts(3);
    variables = {
      TOCSIN_DATA_DIR: dataDir,
      PORT: `${api}`,
      MAILBOX_PORT: `${page}`,
      MAILBOX_SMTP_PORT: `${smtp}`,
      MARKET_FEEDS: 'none',
    };
  });
  afterEach(async () => {
    for (const tocsin of started) tocsin.kill('SIGTERM');
    for (const tocsin of started) await tocsin.ended();
    rmSync(dataDir, { recursive: true });
  });

  it('starts with nothing there, restarts what dies, and leaves no process behind', async () => {
    const tocsin = start();
    const url = await tocsin.ready();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const [worker = 0] = tocsin.children(/apps\/worker/);
    process.kill(worker, 'SIGKILL');
    await tocsin.prints(/worker +ended \(SIGKILL\); starting it again in 1 s/);
    await vi.waitFor(() => expect(tocsin.children(/apps\/worker/)).toHaveLength(1), { timeout: 10_000 });
    const [successor] = tocsin.children(/apps\/worker/);
    expect(successor).not.toBe(worker);

    const pids = tocsin.children();
    expect(pids.length).toBeGreaterThanOrEqual(4);
    tocsin.kill('SIGTERM');
    expect(await tocsin.ended()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('keeps accounts over a restart', async () => {
    const account = { email: 'ada@example.org', password: 'correct horse battery staple' };
    const post = async (url: string, path: string): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(account),
      });
      return response.status;
    };
    const first = start();
    expect(await post(await first.ready(), '/v1/auth/register')).toBe(201);
    first.kill('SIGTERM');
    expect(await first.ended()).toBe(0);

    const second = start();
    expect(await post(await second.ready(), '/v1/auth/login')).toBe(200);
  });

  it('stops its database last on Ctrl-C, which npm repeats', async () => {
    const tocsin = start();
    await tocsin.ready();
    const pids = tocsin.children();
    tocsin.pressCtrlC();
    // Another signal, because two of a kind that are sent at once arrive as one.
    tocsin.kill('SIGTERM');
    expect(await tocsin.ended()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(tocsin.output).not.toMatch(/starting it again|killed/);
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('database system is shut down');
    // It says so when it ends while somebody is still connected.
    expect(log).not.toContain('terminating connection');
  });

  it('does not wait for a program that hangs when Ctrl-C is pressed again', async () => {
    const tocsin = start();
    await tocsin.ready();
    const pids = tocsin.children();
    const [worker = 0] = tocsin.children(/apps\/worker/);
    process.kill(worker, 'SIGSTOP');
    const pressUntilItIsOver = (): void => {
      if (!tocsin.isOver()) tocsin.pressCtrlC();
      expect(tocsin.isOver()).toBe(true);
    };
    await vi.waitFor(pressUntilItIsOver, { timeout: 10_000, interval: 300 });
    expect(tocsin.output).toMatch(/worker +killed before it had finished/);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('stops when it is told to while it is still starting', async () => {
    const tocsin = start();
    await vi.waitFor(() => expect(readdirSync(dataDir)).toContain('postgres'), { timeout: 20_000 });
    tocsin.kill('SIGTERM');
    expect(await tocsin.ended()).toBe(0);
    expect(tocsin.output).not.toContain('Tocsin is ready');
    expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
  });

  it('names the variable of every port that is taken, and starts nothing', async () => {
    const holders = [variables['PORT'], variables['MAILBOX_SMTP_PORT']].map((port) =>
      createServer().listen(Number(port), '127.0.0.1'),
    );
    await Promise.all(holders.map((holder) => once(holder, 'listening')));
    const tocsin = start();
    expect(await tocsin.ended()).toBe(1);
    expect(tocsin.output.trim().split('\n')).toEqual([
      expect.stringContaining(`PORT: port ${variables['PORT']} is taken`),
      expect.stringContaining(`MAILBOX_SMTP_PORT: port ${variables['MAILBOX_SMTP_PORT']} is taken`),
    ]);
    expect(readdirSync(dataDir)).toEqual([]);
    for (const holder of holders) holder.close();
  });

  it('ends with a line for each bad setting, also of one that only the worker can judge', async () => {
    variables = { ...variables, MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'BTC-USD,NOPE-USD' };
    const tocsin = start();
    expect(await tocsin.ended()).toBe(1);
    expect(tocsin.output).toMatch(/MARKET_SYMBOLS: .*NOPE-USD/);
    expect(tocsin.output).toContain('The worker does not start with these settings.');
    expect(tocsin.output).not.toMatch(/Tocsin is ready|starting it again|^ +at /m);
  });

  it('is started once on a folder', async () => {
    const first = start();
    const url = await first.ready();
    const second = start();
    expect(await second.ended()).toBe(1);
    expect(second.output).toMatch(/already running \(process \d+\)/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('starts again after it was killed, and those it left behind end', async () => {
    const killed = start();
    await killed.ready();
    const programs = killed.children(/apps\/(api|worker|mailbox)/);
    const [postgres = 0] = killed.children(/postgres -D/);
    const [api = 0] = killed.children(/apps\/api/);
    process.kill(api, 'SIGSTOP');
    killed.kill('SIGKILL');
    await killed.ended();

    const next = start();
    await next.prints(/Waiting for what is left/);
    process.kill(api, 'SIGCONT');
    await next.ready();
    await allGone(programs);
    expect(isAlive(postgres)).toBe(true);
    next.kill('SIGTERM');
    expect(await next.ended()).toBe(0);
    expect(isAlive(postgres)).toBe(false);
  });
});

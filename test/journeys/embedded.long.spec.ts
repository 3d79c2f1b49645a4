import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isAlive } from '#platform/data-dir';
import { allGone, TocsinPerTest } from '../support/tocsin-per-test.ts';

describe('the embedded profile at its edges', () => {
  const tocsins = new TocsinPerTest();

  it('stops its database last on Ctrl-C, which npm repeats', async () => {
    const tocsin = tocsins.start();
    await tocsin.ready();
    const pids = tocsin.children();
    tocsin.pressCtrlC();
    // Another signal, because two of a kind that are sent at once arrive as one.
    tocsin.kill('SIGTERM');
    expect(await tocsin.ended()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(tocsin.output).not.toMatch(/starting it again|killed/);
    const log = readFileSync(join(tocsins.dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('database system is shut down');
    // It says so when it ends while somebody is still connected.
    expect(log).not.toContain('terminating connection');
  });

  it('does not wait for a program that hangs when Ctrl-C is pressed again', async () => {
    const tocsin = tocsins.start();
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
    const tocsin = tocsins.start();
    await vi.waitFor(() => expect(readdirSync(tocsins.dataDir)).toContain('postgres'), { timeout: 20_000 });
    tocsin.kill('SIGTERM');
    expect(await tocsin.ended()).toBe(0);
    expect(tocsin.output).not.toContain('Tocsin is ready');
    expect(readdirSync(join(tocsins.dataDir, 'postgres'))).not.toContain('postmaster.pid');
  });

  it('is started once on a folder', async () => {
    const first = tocsins.start();
    const url = await first.ready();
    const second = tocsins.start();
    expect(await second.ended()).toBe(1);
    expect(second.output).toMatch(/already running \(process \d+\)/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('starts again after it was killed, and those it left behind end', async () => {
    const killed = tocsins.start();
    await killed.ready();
    const programs = killed.children(/apps\/(api|worker|mailbox)/);
    const [postgres = 0] = killed.children(/postgres -D/);
    const [api = 0] = killed.children(/apps\/api/);
    process.kill(api, 'SIGSTOP');
    killed.kill('SIGKILL');
    await killed.ended();

    const next = tocsins.start();
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

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { isAlive } from '#platform/data-dir';
import { parseExposition } from '../support/exposition.ts';
import { TocsinPerTest } from '../support/tocsin-per-test.ts';

describe('the embedded profile', () => {
  const tocsins = new TocsinPerTest();

  it('starts with nothing there, restarts what dies, and leaves no process behind', async () => {
    const tocsin = tocsins.start();
    const url = await tocsin.ready();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const [worker = 0] = tocsin.children(/apps\/worker/);
    process.kill(worker, 'SIGKILL');
    const toldOf = async () => {
      const families = parseExposition(await (await fetch(`${url}/metrics`)).text());
      const samples = families.get('process_start_time_seconds')?.samples ?? [];
      return samples.map(({ labels }) => labels['process']);
    };
    await tocsin.prints(/worker +ended \(SIGKILL\); starting it again in 1 s/);
    expect(await toldOf()).toContain('api');
    await vi.waitFor(() => expect(tocsin.children(/apps\/worker/)).toHaveLength(1), { timeout: 10_000 });
    const [successor] = tocsin.children(/apps\/worker/);
    expect(successor).not.toBe(worker);
    await expect.poll(toldOf, { timeout: 20_000 }).toEqual(['api', 'worker']);

    const programs = tocsin.children(/apps/);
    const [postgres = 0] = tocsin.children(/postgres -D/);
    process.kill(postgres, 'SIGKILL');
    await tocsin.prints(/postgres +ended \(SIGKILL.*\); starting it again in 1 s/);
    const health = async () => (await fetch(`${url}/health/ready`)).status;
    await expect.poll(health, { timeout: 20_000 }).toBe(200);
    // Everybody else goes on as it was.
    expect(tocsin.children(/apps/)).toEqual(programs);

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
    const first = tocsins.start();
    expect(await post(await first.ready(), '/v1/auth/register')).toBe(201);
    first.kill('SIGTERM');
    expect(await first.ended()).toBe(0);

    const second = tocsins.start();
    expect(await post(await second.ready(), '/v1/auth/login')).toBe(200);
  });

  it('names the variable of every port that is taken, and starts nothing', async () => {
    const holders = [tocsins.variables['PORT'], tocsins.variables['MAILBOX_SMTP_PORT']].map((port) =>
      createServer().listen(Number(port), '127.0.0.1'),
    );
    await Promise.all(holders.map((holder) => once(holder, 'listening')));
    const tocsin = tocsins.start();
    expect(await tocsin.ended()).toBe(1);
    expect(tocsin.output.trim().split('\n')).toEqual([
      expect.stringContaining(`PORT: port ${tocsins.variables['PORT']} is taken`),
      expect.stringContaining(`MAILBOX_SMTP_PORT: port ${tocsins.variables['MAILBOX_SMTP_PORT']} is taken`),
    ]);
    expect(readdirSync(tocsins.dataDir)).toEqual([]);
    for (const holder of holders) holder.close();
  });

  it('ends with a line for each bad setting, also of one that only the worker can judge', async () => {
    const tocsin = tocsins.start({ MARKET_FEEDS: 'simulated', MARKET_SYMBOLS: 'BTC-USD,NOPE-USD' });
    expect(await tocsin.ended()).toBe(1);
    expect(tocsin.output).toMatch(/MARKET_SYMBOLS: .*NOPE-USD/);
    expect(tocsin.output).toContain('The worker does not start with these settings.');
    expect(tocsin.output).not.toMatch(/Tocsin is ready|starting it again|^ +at /m);
  });
});

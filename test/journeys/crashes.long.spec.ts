import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { listAlerts } from '../support/client/index.ts';
import { newPerson } from '../support/person.ts';
import { allGone, TocsinPerTest } from '../support/tocsin-per-test.ts';

describe('the embedded profile after crashes', () => {
  const tocsins = new TocsinPerTest();

  it('says why a program ends again and again, and from the fifth time on what to do', async () => {
    const port = Number(tocsins.variables['PORT']);
    const tocsin = tocsins.start();
    const url = await tocsin.ready();
    const [api = 0] = tocsin.children(/apps\/api/);
    process.kill(api, 'SIGKILL');
    await tocsin.prints(/api +ended \(SIGKILL\); starting it again in 1 s/);
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const why = `\\(exit code 1: PORT: ${port} is taken by another program; [^)]*\\)`;
    await tocsin.prints(new RegExp(`api +ended 2 times in a row ${why}; starting it again in 2 s\n`));
    await tocsin.prints(
      new RegExp(`api +ended 5 times in a row ${why}; .* in 16 s\\. npm run doctor looks for the cause\n`),
    );
    holder.close();
    const answers = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status;
    await expect.poll(answers, { timeout: 40_000 }).toBe(200);
  });

  it('starts again at once after everything was killed at once, and has kept what it had', async () => {
    const killed = tocsins.start();
    const ada = await newPerson([await killed.ready()], 'ada@example.org');
    const pids = killed.children();
    killed.killAll();
    await killed.ended();
    const next = tocsins.start();
    await next.ready();
    expect((await listAlerts({ ...ada, throwOnError: true })).data.total).toBe(0);
    await allGone(pids);
    expect(next.output).not.toMatch(/starting it again|already running/);
  });

  it('finishes a first start that was killed at any moment', async () => {
    // What each of these has done by then differs from run to run; what comes of it does not.
    for (const step of ['postgres', 'migrate', 'api', 'worker']) {
      const killed = tocsins.start();
      const pattern = {
        postgres: /postgres -D/,
        migrate: /migrate/,
        api: /apps\/api\/src\/main/,
        worker: /apps\/worker/,
      };
      const begun = () => killed.children(pattern[step as keyof typeof pattern]);
      await vi.waitUntil(() => begun().length > 0 || killed.isOver(), { timeout: 60_000, interval: 5 });
      await delay(Math.random() * 600);
      const pids = killed.children();
      killed.killAll();
      await killed.ended();
      await allGone(pids);
    }
    const last = tocsins.start();
    const url = await last.ready();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await newPerson([url], 'ada@example.org');
  });
});

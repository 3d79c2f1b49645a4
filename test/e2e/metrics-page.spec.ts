import { readFileSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Metrics } from '#platform/metrics';
import { WorkerModule } from '../../apps/worker/src/worker.module.ts';
import { type Api, startApi } from '../support/api.ts';
import { freePorts } from '../support/free-ports.ts';

/** A family as its process declares it, whether it has samples or not. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

describe('docs/metrics.md', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  let api: Api;
  let worker: INestApplicationContext;
  let door: string;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    door = `http://127.0.0.1:${port}`;
    api = await startApi(inject('postgresUrl'), {
      METRICS_PORT: `${port}`,
      MARKET_FEEDS: 'simulated',
      MARKET_SYMBOLS: 'DEMO-USD',
    });
    const testing = await Test.createTestingModule({ imports: [WorkerModule.forRoot(api.config)] }).compile();
    worker = await testing.init();
    for (const app of [api.app, worker]) app.get(Metrics).watchProcess();
  });
  afterAll(async () => {
    await worker.close();
    await api.close();
  });

  const declaredBy = (app: INestApplicationContext) =>
    app.get(Metrics)['registry'].getMetricsAsArray() as unknown as Declared[];

  it('says of each family what it is, who tells it, its labels and its meaning', () => {
    const [ofApi, ofWorker] = [declaredBy(api.app), declaredBy(worker)];
    const tellers = new Map<string, string[]>();
    for (const { name } of ofApi) tellers.set(name, ['api']);
    for (const { name } of ofWorker) tellers.set(name, [...(tellers.get(name) ?? []), 'worker']);
    const all = new Map([...ofApi, ...ofWorker].map((family) => [family.name, family]));
    const rows = Array.from(all.values(), ({ name, type, labelNames, help }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${tellers.get(name)?.join(', ')} | ${labels} | ${help} |`;
    });
    const written = page.split('\n').filter((line) => /^\| `(tocsin|process|nodejs)_/.test(line));
    const ofOurs = (row: string) => row.startsWith('| `tocsin_');
    expect(written.filter(ofOurs).toSorted()).toEqual(rows.filter(ofOurs).toSorted());
    // Of the process itself some are known on Linux only.
    expect(rows.filter((row) => !written.includes(row))).toEqual([]);
  });

  it('names in its examples only families that there are', () => {
    const names = new Set([...declaredBy(api.app), ...declaredBy(worker)].map(({ name }) => name));
    const [, examples = ''] = /```yaml\ngroups:([^]*?)```/.exec(page) ?? [];
    const used = [...examples.matchAll(/\btocsin_[a-z_]+/g)].map(([name]) =>
      name.replace(/(?<=_seconds)_(bucket|sum|count)$/, ''),
    );
    expect(used.length).toBeGreaterThan(4);
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  it('is told by a worker that is ready with all its roles', async () => {
    await expect
      .poll(async () => (await fetch(`${door}/health/ready`)).json(), { timeout: 15_000 })
      .toEqual({
        status: 'ok',
        dependencies: { postgres: { status: 'up' } },
        roles: Object.fromEntries(api.config.workerRoles.map((role) => [role, { status: 'up' }])),
      });
  });
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseExposition } from '../../../../test/support/exposition.ts';
import { Metrics } from './metrics.ts';
import { withWorker } from './with-worker.ts';

describe('the metrics of the api with those of the worker', () => {
  let server: Server | undefined;

  afterEach(() => void server?.close());

  const serve = async (body: () => Promise<string>) => {
    server = createServer((_, response) => void body().then((text) => response.end(text)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  };
  const api = () => {
    const metrics = new Metrics('api');
    metrics.watchProcess();
    metrics.counter('tocsin_bells_total', 'Bells rung.', ['tower']).inc({ tower: 'north' }, 2);
    return metrics;
  };

  it('are one text, each sample as it is and with its process', async () => {
    const worker = new Metrics('worker');
    worker.watchProcess();
    worker.counter('tocsin_bells_total', 'Bells rung.', ['tower']).inc({ tower: 'north' }, 5);
    worker.histogram('tocsin_ring_duration_seconds', 'A ring.', ['tower']).observe({ tower: 'north' }, 0.3);
    worker.gauge('tocsin_unknown', 'Not a number.').set(Number.NaN);
    const url = await serve(async () => JSON.stringify(await worker.families()));
    const families = parseExposition(await withWorker(api(), url));
    expect(families.get('tocsin_bells_total')?.samples).toMatchObject([
      { labels: { tower: 'north', process: 'api' }, value: 2 },
      { labels: { tower: 'north', process: 'worker' }, value: 5 },
    ]);
    const ring = families.get('tocsin_ring_duration_seconds')?.samples ?? [];
    expect(ring.map(({ labels, value }) => [labels['le'], value])).toEqual(
      expect.arrayContaining([
        ['0.25', 0],
        ['0.5', 1],
        ['+Inf', 1],
      ]),
    );
    expect(families.get('tocsin_unknown')?.samples).toEqual([]);
    // Which is left out of what several processes of one kind add up to.
    const started = families.get('process_start_time_seconds')?.samples ?? [];
    expect(started.map(({ labels }) => labels['process'])).toEqual(['api', 'worker']);
  });

  it.each([
    ['nobody answers', () => Promise.resolve('http://127.0.0.1:9/metrics')],
    ['somebody else answers', () => serve(() => Promise.resolve('{"hello": "world"}'))],
    ['the answer is no JSON', () => serve(() => Promise.resolve('<html>'))],
    ['no answer comes', () => serve(() => new Promise(() => {}))],
  ])('are those of the api alone when %s', async (_, at) => {
    const families = parseExposition(await withWorker(api(), await at()));
    expect(families.get('tocsin_bells_total')?.samples).toHaveLength(1);
    server?.closeAllConnections();
  });
});

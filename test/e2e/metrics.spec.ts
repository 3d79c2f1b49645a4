import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { newId } from '#kernel';
import { Metrics } from '#platform/metrics';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { parseExposition, totalOf } from '../support/exposition.ts';

let api: Api;
let ada: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  ada = await api.person();
});
afterAll(() => api.close());

const scrape = async () => parseExposition((await api.call<string>({ url: '/metrics' })).body);
const answered = async (labels: Record<string, string>) =>
  totalOf(await scrape(), 'tocsin_http_request_duration_seconds', labels);

describe('the metrics of the api', () => {
  it('are for anybody, in the text format, and not for caches', async () => {
    const { status, headers } = await api.call({ url: '/metrics' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': api.app.get(Metrics).contentType,
      'cache-control': 'no-store',
    });
  });

  it('tell of every family with a name, a type and a sentence, and of the process in every sample', async () => {
    api.app.get(Metrics).watchProcess();
    const families = [...(await scrape()).values()];
    expect(families.filter(({ name }) => !/^(tocsin|process|nodejs)_[a-z0-9_]+$/.test(name))).toEqual([]);
    expect(families.filter(({ help }) => !/^[A-Z].*\.$/.test(help))).toEqual([]);
    const processes = families.flatMap(({ samples }) => samples.map(({ labels }) => labels['process']));
    expect(new Set(processes)).toEqual(new Set(['api']));
  });

  it('count requests by method, route and status', async () => {
    const alert = { method: 'GET', route: '/v1/alerts/:id', status: '404' };
    const before = await answered(alert);
    for (const id of [newId(), newId()]) await api.call({ url: `/v1/alerts/${id}`, as: ada });
    expect(await answered(alert)).toBe(before + 2);
    await api.call({ url: '/v1/alerts' });
    expect(await answered({ route: '/v1/alerts', status: '401' })).toBe(1);
  });

  it('hold no id, address or path of a request', async () => {
    const id = newId();
    await api.call({ url: `/v1/alerts/${id}?note=${ada.email}`, as: ada });
    await api.call({ url: `/v1/quotes/${id}`, as: ada });
    await api.call({ url: `/nowhere/${id}` });
    await api.call({ url: `/v1/auth/login`, method: 'POST', body: { email: ada.email, password: id } });
    const routes = new Set<string>();
    for (const { samples } of (await scrape()).values()) {
      for (const { labels } of samples) {
        routes.add(labels['route'] ?? '');
        for (const value of Object.values(labels)) {
          expect(value).not.toMatch(/@|[0-9a-f]{8}-[0-9a-f]{4}|nowhere/);
        }
      }
    }
    expect(routes).toContain('/v1/quotes/:symbol');
    expect(await answered({ route: '', status: '404' })).toBe(1);
  });

  it('count lists that were found in the cache', async () => {
    const found = async (result: string) =>
      totalOf(await scrape(), 'tocsin_cache_lookups_total', { list: 'alerts', result });
    await vi.waitFor(async () => {
      for (const _ of [1, 2, 3]) await api.call({ url: '/v1/alerts', as: ada });
      expect(await found('hit')).toBeGreaterThan(0);
    });
    expect(await found('miss')).toBeGreaterThan(0);
  });

  it('count answers that were given again', async () => {
    await api.lastPrice('BTC-USD', '32000');
    const again = () =>
      api.call({
        method: 'POST',
        url: '/v1/alerts',
        as: ada,
        body: { symbol: 'BTC-USD', target: '33000' },
        headers: { 'idempotency-key': 'the-same' },
      });
    const replays = async () => totalOf(await scrape(), 'tocsin_http_idempotent_replays_total');
    await again();
    expect(await replays()).toBe(0);
    await again();
    expect(await replays()).toBe(1);
  });

  it('count who is being answered, and not for ever who hung up', async () => {
    const inFlight = async () => totalOf(await scrape(), 'tocsin_http_requests_in_flight');
    expect(await inFlight()).toBe(1);
    await api.app.listen(0, '127.0.0.1');
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    const half = connect(port, '127.0.0.1');
    half.write(
      'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    await vi.waitFor(async () => expect(await inFlight()).toBe(2));
    half.destroy();
    await once(half, 'close');
    await vi.waitFor(async () => expect(await inFlight()).toBe(1));
  });
});

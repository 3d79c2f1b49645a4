import { Client } from 'pg';
import { OwnerCache } from '#platform/cache';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface AlertPage {
  readonly items: readonly { readonly id: string; readonly status: string; readonly note: string | null }[];
}

describe('a cached list', () => {
  let api: Api;
  let ada: Caller;

  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'));
    await api.lastPrice('BTC-USD', '32000.10', 'binance', 4711);
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    ada = await api.person();
    // In memory an answer is kept for a moment only: it does not pass.
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now);
  });
  afterEach(() => vi.restoreAllMocks());

  const list = (query = '', as = ada) => api.call<AlertPage>({ url: `/v1/alerts${query}`, as });
  const create = async (headers: Record<string, string> = {}) => {
    const body = { symbol: 'BTC-USD', target: '33000' };
    const answer = await api.call<{ id: string }>({
      method: 'POST',
      url: '/v1/alerts',
      as: ada,
      body,
      headers,
    });
    return answer.body.id;
  };
  const idsOf = ({ items }: AlertPage) => items.map(({ id }) => id);
  /** Asked often enough to be kept. */
  const kept = async (query = '') => {
    await list(query);
    return list(query);
  };
  /** What no command would do, and so nothing tells the cache. */
  const change = (id: string) => api.database.sql`update alerts.alerts set note = 'changed' where id = ${id}`;

  it('is sent again as it was, with its headers', async () => {
    const id = await create();
    const { headers, ...answer } = await kept('?per_page=1');
    await change(id);
    const { headers: again, ...repeated } = await list('?per_page=1');
    expect(repeated).toEqual(answer);
    const sameEachTime = ['link', 'content-type', 'content-length'];
    for (const name of sameEachTime) expect(again[name]).toBe(headers[name]);
    expect(headers['link']).toContain('per_page=1');
  });

  it('is one for each question and each owner', async () => {
    const id = await create();
    await kept();
    await change(id);
    const { body } = await list('?page=1');
    expect(body.items).toMatchObject([{ id, note: 'changed' }]);
    expect((await list('', await api.person())).body.items).toEqual([]);
  });

  it('shows at once what its owner created and deleted, also under an idempotency key', async () => {
    const [first, second] = [await create(), await create()];
    expect(idsOf((await kept()).body)).toEqual([second, first]);
    const third = await create({ 'idempotency-key': crypto.randomUUID() });
    expect(idsOf((await kept()).body)).toEqual([third, second, first]);
    await api.call({ method: 'DELETE', url: `/v1/alerts/${second}`, as: ada });
    expect((await kept('?status=deleted')).body.items).toMatchObject([{ id: second, status: 'deleted' }]);
    expect(idsOf((await list('?status=active')).body)).toEqual([third, first]);
  });

  it('shows at once what its owner edited, also the end of a pause', async () => {
    const id = await create();
    for (const changes of [{ note: 'sell' }, { status: 'paused' }, { status: 'active' }]) {
      await kept();
      await api.call({ method: 'PATCH', url: `/v1/alerts/${id}`, as: ada, body: changes });
      expect((await list()).body.items).toMatchObject([{ id, ...changes }]);
    }
  });

  it('hears of a change when everybody can see it, and not before', async () => {
    const outside = new Client({ connectionString: api.config.databaseUrl ?? '' });
    await outside.connect();
    const seen: unknown[] = [];
    vi.spyOn(api.app.get(OwnerCache), 'changed').mockImplementation(async () => {
      const { rows } = await outside.query('select status, note from alerts.alerts where user_id = $1', [
        ada.id,
      ]);
      seen.push(...rows);
    });
    const id = await create({ 'idempotency-key': crypto.randomUUID() });
    await api.call({ method: 'PATCH', url: `/v1/alerts/${id}`, as: ada, body: { note: 'sell' } });
    await api.call({ method: 'DELETE', url: `/v1/alerts/${id}`, as: ada });
    await outside.end();
    expect(seen).toEqual([
      { status: 'active', note: null },
      { status: 'active', note: 'sell' },
      { status: 'deleted', note: 'sell' },
    ]);
  });

  it('shows within a second what nobody in its process did', async () => {
    const id = await create();
    await kept();
    await api.database.sql`update alerts.alerts set status = 'triggered' where id = ${id}`;
    vi.restoreAllMocks();
    const statusNow = async () => (await list()).body.items[0]?.status;
    await expect.poll(statusNow, { interval: 20, timeout: 10_000 }).toBe('triggered');
  });

  it('refuses a wrong question each time', async () => {
    for (let time = 0; time < 3; time += 1) {
      expect((await list('?status=lost')).status).toBe(422);
      expect((await list('?symbol=NONE')).status).toBe(422);
    }
  });
});

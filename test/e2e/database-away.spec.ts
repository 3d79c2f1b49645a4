import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Answer, type Api, type Caller, type Request, startApi } from '../support/api.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

describe('the api while Postgres is away', () => {
  let proxy: TcpProxy;
  let api: Api;
  let ada: Caller;
  let beside: Client;

  beforeAll(async () => {
    const direct = new URL(inject('postgresUrl'));
    proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) });
    const proxied = new URL(direct);
    proxied.host = `127.0.0.1:${proxy.port}`;
    api = await startApi(proxied.href);
    ada = await api.person('admin');
    await api.lastPrice('BTC-USD', '32000');
    direct.pathname = new URL(api.config.databaseUrl ?? '').pathname;
    beside = new Client({ connectionString: direct.href });
    await beside.connect();
  });
  afterEach(() => proxy.restore());
  afterAll(async () => {
    await beside.end();
    await api.close();
    await proxy.close();
  });

  // Not that of alerts: what is in the cache is answered even now.
  const list: Request = { url: '/v1/notifications' };
  const create: Request = {
    method: 'POST',
    url: '/v1/alerts',
    body: { symbol: 'BTC-USD', target: '33000' },
  };
  const draft: Request = {
    method: 'POST',
    url: '/v1/notifications',
    body: { subject: 'Hello', message: 'World', recipients: [{ channel: 'email', to: 'bob@example.org' }] },
  };
  const call = (request: Request) => api.call({ as: ada, ...request });
  const newAlert = async () => String((await call(create)).body['id']);
  const away = {
    status: 503,
    headers: { 'retry-after': '2' },
    body: { code: 'http.unavailable' },
  };
  const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

  /** A dead connection of the pool may still cost somebody one answer. */
  const worksAgain = async () => {
    await expect.poll(async () => (await call(list)).status, { timeout: 10_000 }).toBe(200);
  };

  it('answers every request with 503 when it refuses, and as ever when it is back', async () => {
    const id = await newAlert();
    proxy.cut();
    const requests: Request[] = [
      list,
      create,
      draft,
      { url: `/v1/alerts/${id}` },
      { method: 'DELETE', url: `/v1/alerts/${id}` },
      { url: '/v1/quotes' },
      { method: 'POST', url: '/v1/auth/login', body: { email: ada.email, password: ada.password } },
      { url: '/health/ready' },
    ];
    for (const request of requests) expect(await call(request)).toMatchObject(away);
    proxy.restore();
    await worksAgain();
    expect(await call({ url: `/v1/alerts/${id}` })).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
  });

  it('keeps nobody waiting when it neither refuses nor answers, however many ask', async () => {
    const alerts = async () => Number((await call({ url: '/v1/alerts' })).body['total']);
    const before = await alerts();
    proxy.stall();
    const load = Array.from({ length: 60 }, (_, index) => call(index % 3 === 0 ? create : list));
    expect(await api.call({ url: '/health/live' })).toMatchObject({ status: 200 });
    // Long before the requests, which came first.
    const probe = api.call({ url: '/health/ready' });
    expect(await Promise.race([probe, ...load])).toBe(await probe);
    expect(await probe).toMatchObject(away);
    const answers = await Promise.all(load);
    expect(statuses(answers)).toEqual([503]);
    expect(answers[0]).toMatchObject(away);

    proxy.restore();
    await worksAgain();
    // Twice as many as there are connections, all of which were lost.
    const again = await Promise.all(Array.from({ length: 20 }, () => call(create)));
    expect(statuses(again)).toEqual([201]);
    const after = await alerts();
    expect(after).toBeGreaterThanOrEqual(before + 20);
  });

  it('loses no place in its pool to transactions that were cut off', async () => {
    for (let round = 0; round < 3; round += 1) {
      const load = Promise.all(Array.from({ length: 15 }, () => call(create)));
      proxy.cut();
      expect(statuses(await load).filter((status) => ![201, 503].includes(status))).toEqual([]);
      proxy.restore();
      await worksAgain();
    }
    const again = await Promise.all(Array.from({ length: 20 }, () => call(create)));
    expect(statuses(again)).toEqual([201]);
  });

  it('gives a statement up that waits for a lock too long', async () => {
    const id = await newAlert();
    await beside.query('begin');
    await beside.query('select from alerts.alerts where id = $1 for update', [id]);
    const remove = { method: 'DELETE', url: `/v1/alerts/${id}` } as const;
    expect(await call(remove)).toMatchObject(away);
    expect(await call(list)).toMatchObject({ status: 200 });
    await beside.query('rollback');
    expect(await call(remove)).toMatchObject({ status: 204 });
  });

  it('says 503 to a change while it is read-only, as after a failover, and reads on', async () => {
    const database = new URL(api.config.databaseUrl ?? '').pathname.slice(1);
    const setReadOnly = async (value: string) => {
      await beside.query(`alter database ${database} set default_transaction_read_only = ${value}`);
      await beside.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
    };
    await setReadOnly('on');
    await worksAgain();
    expect(await call(create)).toMatchObject(away);
    // The connection was given up, so that the next one may find the server that can be written to.
    await beside.query(`alter database ${database} reset default_transaction_read_only`);
    await expect.poll(async () => (await call(create)).status, { timeout: 10_000 }).toBe(201);
  });
});

import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { IdempotencyModule } from '#platform/idempotency';
import { Database } from '#platform/persistence';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface Created {
  readonly id: string;
}

let api: Api;
let ada: Caller;
let key: string;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  await api.lastPrice('BTC-USD', '32000');
});
afterAll(() => api.close());
beforeEach(async () => {
  ada = await api.person('operator');
  key = crypto.randomUUID();
});

const alert = { symbol: 'BTC-USD', target: '33000' };
const draft = {
  subject: 'Bitcoin',
  message: 'Hello',
  recipients: [{ channel: 'email', to: 'bob@example.org' }],
};

const post = (url: string, body: object | undefined, as = ada, given = key) =>
  api.call<Created>({ method: 'POST', url, as, body, headers: { 'idempotency-key': given } });
const createAlert = (body: object = alert, as = ada) => post('/v1/alerts', body, as);
const alertsOf = async (owner: Caller) =>
  (await api.database.sql<Created>`select id from alerts.alerts where user_id = ${owner.id}`).map(
    ({ id }) => id,
  );
const keysOf = (owner: Caller) =>
  api.database.sql`select key from platform.idempotency_keys where owner_id = ${owner.id}`;
const replayed = expect.objectContaining({ 'idempotency-replayed': 'true' });

describe('a request that is repeated with its key', () => {
  it('changes something once and has one answer, marked where it is a repetition', async () => {
    const first = await createAlert();
    expect(first).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    const again = await createAlert();
    expect(again).toMatchObject({ status: 201, headers: { etag: '"1"', 'idempotency-replayed': 'true' } });
    expect(JSON.stringify(again.body)).toBe(JSON.stringify(first.body));
    expect(await alertsOf(ada)).toEqual([first.body.id]);
  });

  it('has the answer of the first time, also when it would be another now', async () => {
    const first = await post('/v1/notifications', draft);
    const send = `/v1/notifications/${first.body.id}/send`;
    const sendKey = crypto.randomUUID();
    const sent = await post(send, undefined, ada, sendKey);
    expect(sent).toMatchObject({ status: 202, headers: { etag: '"1"' }, body: { status: 'pending' } });
    const again = await post(send, undefined, ada, sendKey);
    expect(again).toMatchObject({ status: 202, headers: { etag: '"1"', 'idempotency-replayed': 'true' } });
    expect(again.body).toStrictEqual(sent.body);
    // The draft that was created is one still, in the answer that was given then.
    const repeated = await post('/v1/notifications', draft);
    expect(repeated).toMatchObject({ status: 201, headers: replayed, body: { status: 'draft' } });
    expect(repeated.body).toStrictEqual(first.body);
    const requests = await api.database.sql`
      select from platform.outbox where payload->'deliveries'->0->>'notificationId' = ${first.body.id}`;
    expect(requests).toHaveLength(1);
    expect((await post(send, undefined, ada, crypto.randomUUID())).status).toBe(409);
  });

  it('may quote the key', async () => {
    const { body } = await createAlert();
    expect(await post('/v1/alerts', alert, ada, `"${key}"`)).toMatchObject({ body, headers: replayed });
  });

  it('is another request with another body, or to another route', async () => {
    const first = await createAlert();
    const refused = {
      status: 422,
      body: { code: 'http.idempotency-key-reused', errors: [{ parameter: 'Idempotency-Key' }] },
    };
    expect(await createAlert({ ...alert, target: '34000' })).toMatchObject(refused);
    expect(await createAlert({ symbol: 1 })).toMatchObject(refused);
    expect(await post('/v1/notifications', alert)).toMatchObject(refused);
    const { body } = await post('/v1/notifications', draft, ada, crypto.randomUUID());
    const sendKey = crypto.randomUUID();
    await post(`/v1/notifications/${body.id}/send`, undefined, ada, sendKey);
    expect(await post(`/v1/notifications/${first.body.id}/send`, undefined, ada, sendKey)).toMatchObject(
      refused,
    );
    expect(await alertsOf(ada)).toEqual([first.body.id]);
  });

  it('is a request of its own for somebody else', async () => {
    const bob = await api.person();
    const mine = await createAlert();
    const theirs = await createAlert(alert, bob);
    expect(theirs.status).toBe(201);
    expect(theirs.headers).not.toHaveProperty('idempotency-replayed');
    expect(theirs.body.id).not.toBe(mine.body.id);
    expect((await createAlert(alert, bob)).body).toStrictEqual(theirs.body);
  });

  it('is a new one after 24 hours, whether the key was forgotten or not', async () => {
    const age = (by: string) => api.database.sql`
      update platform.idempotency_keys set created_at = now() - ${by}::interval where owner_id = ${ada.id}`;
    const { id } = (await createAlert()).body;
    await age('23 hours 59 minutes');
    expect((await createAlert()).body.id).toBe(id);
    await age('24 hours 1 second');
    const next = await createAlert({ ...alert, target: '34000' });
    expect(next.status).toBe(201);
    expect(next.body.id).not.toBe(id);
    expect((await createAlert({ ...alert, target: '34000' })).body.id).toBe(next.body.id);
    expect(await alertsOf(ada)).toHaveLength(2);
  });

  it('runs again after an error, which leaves no key', async () => {
    const invalid = await createAlert({ ...alert, target: 'a lot' });
    expect(invalid).toMatchObject({ status: 422, body: { code: 'http.invalid-input' } });
    const refused = await createAlert({ ...alert, target: '32000' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'alerts.target-at-price' } });
    expect(await keysOf(ada)).toEqual([]);
    expect((await createAlert()).status).toBe(201);

    const empty = await post('/v1/notifications', { ...draft, recipients: [] }, ada, crypto.randomUUID());
    const send = () => post(`/v1/notifications/${empty.body.id}/send`, undefined, ada, 'to-whom?');
    expect(await send()).toMatchObject({ status: 422, body: { code: 'notifications.no-recipients' } });
    await api.database.sql`
      update notifications.notifications set recipients = ${JSON.stringify(draft.recipients)}::jsonb
      where id = ${empty.body.id}`;
    expect((await send()).status).toBe(202);
    expect(await send()).toMatchObject({ status: 202, headers: replayed });
  });

  it.each(['a key with spaces', 'ключ', 'x'.repeat(256), '"unquoted', '""'])(
    'is refused with the key %j',
    async (given) => {
      const answer = await post('/v1/alerts', alert, ada, Buffer.from(given).toString('latin1'));
      expect(answer).toMatchObject({
        status: 422,
        body: { code: 'http.invalid-input', errors: [{ parameter: 'Idempotency-Key' }] },
      });
      expect(await alertsOf(ada)).toEqual([]);
    },
  );
});

describe('two requests with one key at the same time', () => {
  let holder: Client;

  // Keeps alerts from being written, so that a request stays under way, until `release`.
  beforeEach(async () => {
    holder = new Client({ connectionString: api.config.databaseUrl ?? '' });
    await holder.connect();
  });
  afterEach(() => holder.end());
  const hold = () => holder.query('begin; lock table alerts.alerts in share mode');
  const release = () => holder.query('rollback');

  /** The Postgres session of the one request that waits. */
  async function underWay(): Promise<number | undefined> {
    const waiting = async () => {
      const { rows } = await holder.query<{ pid: number }>(
        "select pid from pg_locks where relation = 'alerts.alerts'::regclass and not granted",
      );
      return rows.map(({ pid }) => pid);
    };
    await expect.poll(waiting, { timeout: 10_000 }).toHaveLength(1);
    return (await waiting())[0];
  }

  it('answer the second that the first is still under way, and when to ask again', async () => {
    await hold();
    const first = createAlert();
    await underWay();
    expect(await createAlert()).toMatchObject({
      status: 409,
      headers: { 'retry-after': '1' },
      body: { code: 'http.idempotency-in-progress' },
    });
    await release();
    const { status, body } = await first;
    expect(status).toBe(201);
    expect(await createAlert()).toMatchObject({ status: 201, headers: replayed, body });
    expect(await alertsOf(ada)).toEqual([body.id]);
  });

  it('leave neither alert nor key when the first is lost on its way, and the next one runs', async () => {
    await hold();
    const first = api.app.inject({
      method: 'POST',
      url: '/v1/alerts',
      payload: alert,
      headers: { authorization: `Bearer ${ada.accessToken}`, 'idempotency-key': key },
    });
    await holder.query('select pg_terminate_backend($1)', [await underWay()]);
    expect((await first).statusCode).toBe(503);
    await release();
    expect([await alertsOf(ada), await keysOf(ada)]).toEqual([[], []]);
    const { status, headers, body } = await createAlert();
    expect(status).toBe(201);
    expect(headers).not.toHaveProperty('idempotency-replayed');
    expect(await alertsOf(ada)).toEqual([body.id]);
  });

  it('are 200, and make one alert', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => createAlert()));
    const [id, ...others] = await alertsOf(ada);
    expect(others).toEqual([]);
    const said = answers.map(({ status, body, headers }) =>
      status === 201 ? `201 ${body.id}` : `${status} again after ${String(headers['retry-after'])} s`,
    );
    expect([...new Set(said)].toSorted()).toEqual([`201 ${id}`, '409 again after 1 s']);
    const first = answers.filter(({ status, headers }) => status === 201 && !headers['idempotency-replayed']);
    expect(first).toHaveLength(1);
    expect(await createAlert()).toMatchObject({ status: 201, headers: replayed, body: { id } });
  });
});

describe('a key', () => {
  it('means nothing where nobody is signed in', async () => {
    const body = { email: ada.email, password: ada.password };
    const headers = { 'idempotency-key': key };
    const logIn = () => api.call({ method: 'POST', url: '/v1/auth/login', body, headers });
    const tokens = [await logIn(), await logIn()].map((answer) => answer.body['refreshToken']);
    expect(new Set(tokens)).toHaveLength(2);
    expect(await keysOf(ada)).toEqual([]);
  });

  it('is forgotten after a day', async () => {
    await createAlert();
    const fresh = crypto.randomUUID();
    await post('/v1/alerts', alert, ada, fresh);
    await api.database.sql`
      update platform.idempotency_keys set created_at = now() - interval '25 hours' where key = ${key}`;
    api.app.get(IdempotencyModule)['pruning'].wake();
    await expect.poll(() => keysOf(ada)).toEqual([{ key: fresh }]);
  });

  it('is forgotten with 10,000 others at a time, so that no statement takes too long', async () => {
    await api.database.sql`
      insert into platform.idempotency_keys (owner_id, key, request, status, body, created_at)
      select ${ada.id}, number::text, ''::bytea, 201, '{}', now() - interval '25 hours'
      from generate_series(1, 25000) as number`;
    const sql = vi.spyOn(api.app.get(Database), 'sql');
    api.app.get(IdempotencyModule)['pruning'].wake();
    await expect.poll(() => keysOf(ada), { timeout: 20_000 }).toEqual([]);
    const deletions = sql.mock.calls.flatMap(([text], call) =>
      text.join('').includes('delete from') ? [sql.mock.results[call]?.value] : [],
    );
    sql.mockRestore();
    const forgotten = (await Promise.all(deletions)).map((rows: object[]) => rows.length);
    expect(forgotten).toEqual([10_000, 10_000, 5_000]);
  });
});

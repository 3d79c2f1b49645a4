import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface Versioned {
  readonly id: string;
  readonly version: number;
}

let api: Api;
let ada: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'));
  await api.lastPrice('BTC-USD', '32000');
});
afterAll(() => api.close());
beforeEach(async () => {
  ada = await api.person('operator');
});

const recipients = [{ channel: 'email', to: 'bob@example.org' }];
const kinds = {
  alerts: { symbol: 'BTC-USD', target: '33000' },
  notifications: { subject: 'Bitcoin', message: 'Hello', recipients },
};
type Kind = keyof typeof kinds;
const each = Object.keys(kinds) as Kind[];

const create = (kind: Kind) =>
  api.call<Versioned>({ method: 'POST', url: `/v1/${kind}`, as: ada, body: kinds[kind] });
const created = async (kind: Kind) => (await create(kind)).body.id;
const get = (kind: Kind, id: string) => api.call<Versioned>({ url: `/v1/${kind}/${id}`, as: ada });
const remove = (kind: Kind, id: string, ifMatch?: string) =>
  api.call({
    method: 'DELETE',
    url: `/v1/${kind}/${id}`,
    as: ada,
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });
const send = (id: string, ifMatch: string, body?: object) =>
  api.call<Versioned>({
    method: 'POST',
    url: `/v1/notifications/${id}/send`,
    as: ada,
    body,
    headers: { 'if-match': ifMatch },
  });
const changes = { alerts: { note: 'sell?' }, notifications: { subject: 'Ether' } };
const edit = (kind: Kind, id: string, ifMatch?: string, body: object = changes[kind]) =>
  api.call<Versioned>({
    method: 'PATCH',
    url: `/v1/${kind}/${id}`,
    as: ada,
    body,
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });
const stale = (kind: Kind, current: number) => ({
  status: 412,
  headers: { etag: `"${current}"` },
  body: { code: `${kind}.version-mismatch`, detail: expect.stringContaining(`version is ${current} now`) },
});

describe.each(each)('one of %s', (kind) => {
  it('carries its version as an entity tag, when it is created and when it is read', async () => {
    const { body, headers } = await create(kind);
    expect([body.version, headers['etag']]).toEqual([1, '"1"']);
    expect((await get(kind, body.id)).headers['etag']).toBe('"1"');
    const list = await api.call({ url: `/v1/${kind}`, as: ada });
    expect(list.headers).not.toHaveProperty('etag');
  });

  it.each(['"1"', '*', '"7", "1"', '"x,y" , "1"'])(
    'is deleted by who expects the version %s',
    async (tags) => {
      const { status } = await remove(kind, await created(kind), tags);
      expect(status).toBeLessThan(205);
    },
  );

  it.each(['"2"', 'W/"1"', '"01"', '"2", "x"'])('stays for who expects the version %s', async (tags) => {
    const id = await created(kind);
    expect(await remove(kind, id, tags)).toMatchObject(stale(kind, 1));
    expect((await get(kind, id)).body).not.toMatchObject({ status: 'deleted' });
  });

  it.each(['1', '"1', '', '"1", *'])('stays for who expects what is no version: %j', async (tags) => {
    const id = await created(kind);
    expect(await remove(kind, id, tags)).toMatchObject({ status: 400, body: { code: 'http.malformed' } });
    expect((await get(kind, id)).body).not.toMatchObject({ status: 'deleted' });
  });

  it('is deleted once more by who has expected the same before', async () => {
    const id = await created(kind);
    const { status } = await remove(kind, id, '"1"');
    expect((await remove(kind, id, '"1"')).status).toBe(status);
  });
});

describe.each(each)('an edit of one of %s', (kind) => {
  it('counts, and is answered with the new version', async () => {
    const id = await created(kind);
    expect(await edit(kind, id)).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { version: 2 },
    });
    expect((await get(kind, id)).headers['etag']).toBe('"2"');
  });

  it('is made to the version that is expected and to no other', async () => {
    const id = await created(kind);
    expect((await edit(kind, id, '"1"')).status).toBe(200);
    expect(await edit(kind, id, '"1"')).toMatchObject(stale(kind, 2));
    expect((await get(kind, id)).body.version).toBe(2);
    expect(await edit(kind, id, '"2", 3')).toMatchObject({ status: 400 });
    expect(await edit(kind, newId(), '*')).toMatchObject({ status: 404 });
  });

  it('is made once when two with one entity tag arrive at the same moment', async () => {
    const id = await created(kind);
    const holder = new Client({ connectionString: api.config.databaseUrl ?? '' });
    await holder.connect();
    await holder.query('begin');
    await holder.query(`select from ${kind}.${kind} where id = $1 for update`, [id]);
    const edits = [edit(kind, id, '"1"'), edit(kind, id, '"1"')];
    const waiting = async () =>
      (
        await holder.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
      ).rowCount;
    await expect.poll(waiting, { timeout: 10_000 }).toBe(2);
    await holder.query('rollback');
    await holder.end();
    const answers = await Promise.all(edits);
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 412]);
    expect(answers.find(({ status }) => status === 412)).toMatchObject(stale(kind, 2));
    expect((await get(kind, id)).body.version).toBe(2);
  });
});

describe('a notification', () => {
  it('is sent in the version that is expected, and the answer names the one that was sent', async () => {
    const id = await created('notifications');
    expect(await send(id, '"2"')).toMatchObject(stale('notifications', 1));
    expect((await get('notifications', id)).body).toMatchObject({ status: 'draft' });
    const sent = await send(id, '"1"', { recipients: [{ channel: 'email', to: 'eve@example.org' }] });
    expect(sent).toMatchObject({ status: 202, headers: { etag: '"2"' }, body: { version: 2 } });
  });
});

describe('an alert', () => {
  it('has another version once it has fired', async () => {
    const id = await created('alerts');
    await api.database
      .sql`update alerts.alerts set status = 'triggered', version = version + 1 where id = ${id}`;
    expect((await get('alerts', id)).headers['etag']).toBe('"2"');
    expect(await remove('alerts', id, '"1"')).toMatchObject(stale('alerts', 2));
    expect((await remove('alerts', id, '"2"')).status).toBe(204);
  });

  it('of another person is not found, whatever version is expected', async () => {
    const { body } = await api.call<Versioned>({
      method: 'POST',
      url: '/v1/alerts',
      as: await api.person(),
      body: kinds.alerts,
    });
    expect((await remove('alerts', body.id, '"9"')).status).toBe(404);
  });
});

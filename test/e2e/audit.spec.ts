import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Api, type Caller, startApi } from '../support/api.ts';

interface Entry {
  readonly type: string;
  readonly userId: string | null;
  readonly actorId: string | null;
  readonly address: string | null;
  readonly details: object;
}
interface EntryPage {
  readonly items: Entry[];
  readonly total: number;
}

let api: Api;
let admin: Caller;
let ada: Caller;

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), { TRUST_PROXY: '127.0.0.1' });
  admin = await api.person('admin');
  ada = await api.person('user', 'ada@example.org');
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const body = { email: ada.email, password: 'a guess at it' };
  await api.call({ method: 'POST', url: '/v1/auth/login', body, headers: from('192.0.2.7') });
  await api.call({
    method: 'PATCH',
    url: `/v1/users/${ada.id}`,
    as: admin,
    body: { role: 'operator' },
    headers: from('192.0.2.1'),
  });
  const again = { email: ada.email, password: ada.password };
  const { body: session } = await api.call({ method: 'POST', url: '/v1/auth/login', body: again });
  ada = { ...ada, accessToken: String(session['accessToken']) };
});
afterAll(() => api.close());

/** Those that the lines above leave, whatever else is written down of an account. */
const known = 'type=signed-in,sign-in-failed,role-changed';
const list = async (url: string, as = admin) => (await api.call<EntryPage>({ url, as })).body;
const faults = async (url: string, as = admin) => {
  const { status, body } = await api.call({ url, as });
  return { status, errors: body['errors'] };
};

describe('the audit log', () => {
  it('tells administrators who did what to which account, and from where, newest first', async () => {
    const { items, total } = await list(`/v1/audit?${known}&userId=${ada.id}`);
    expect(total).toBe(4);
    expect(items).toMatchObject([
      { type: 'signed-in', userId: ada.id, actorId: null, address: '127.0.0.1', details: {} },
      {
        type: 'role-changed',
        userId: ada.id,
        actorId: admin.id,
        address: '192.0.2.1',
        details: { from: 'user', to: 'operator' },
      },
      { type: 'sign-in-failed', userId: ada.id, actorId: null, address: '192.0.2.7' },
      { type: 'signed-in', userId: ada.id },
    ]);
  });

  it('is narrowed to types and accounts, several of each', async () => {
    const unknown = { email: 'nobody@example.org', password: 'a guess at it' };
    await api.call({ method: 'POST', url: '/v1/auth/login', body: unknown });
    const failed = await list('/v1/audit?type=sign-in-failed&per_page=1');
    expect(failed).toMatchObject({ items: [{ type: 'sign-in-failed', userId: null }], total: 2 });
    const both = await list(`/v1/audit?type=sign-in-failed,role-changed&userId=${ada.id},${admin.id}`);
    expect(both.items.map(({ type }) => type)).toEqual(['role-changed', 'sign-in-failed']);
    expect((await list(`/v1/audit?userId=${newId()}`)).items).toEqual([]);
    expect((await list('/v1/audit?type=&userId=')).total).toBe((await list('/v1/audit')).total);
  });

  it('is paged', async () => {
    const answer = await api.call<EntryPage>({
      url: `/v1/audit?${known}&userId=${ada.id}&page=2&per_page=3`,
      as: admin,
    });
    expect(answer.body).toMatchObject({
      items: [{ type: 'signed-in' }],
      page: 2,
      perPage: 3,
      totalExact: true,
    });
    expect(answer.headers['link']).toContain(`userId=${ada.id}&page=1&per_page=3>; rel="prev"`);
  });

  it('of everybody is for administrators only', async () => {
    expect(await api.call({ url: '/v1/audit', as: ada })).toMatchObject({
      status: 403,
      body: { code: 'identity.role-missing' },
    });
  });

  it('names what can be asked for', async () => {
    for (const url of ['/v1/audit', '/v1/me/audit']) {
      expect(await faults(`${url}?type=signed-in,forged`)).toEqual({
        status: 422,
        errors: [
          { parameter: 'type', detail: expect.stringContaining('Allowed values: registered, signed-in,') },
        ],
      });
    }
    const notAnId = { parameter: 'userId', detail: 'Give ids of accounts.' };
    expect(await faults('/v1/audit?userId=7')).toEqual({ status: 422, errors: [notAnId] });
    expect(await faults('/v1/me/audit?userId=7')).toMatchObject({ errors: [{ parameter: 'userId' }] });
  });
});

describe('the audit log of oneself', () => {
  it('tells what was done to the account, and from where, but not from where an administrator did it', async () => {
    const { items } = await list(`/v1/me/audit?${known}`, ada);
    expect(items).toMatchObject([
      { type: 'signed-in', address: '127.0.0.1' },
      { type: 'role-changed', actorId: admin.id, address: null, details: { from: 'user', to: 'operator' } },
      { type: 'sign-in-failed', address: '192.0.2.7' },
      { type: 'signed-in' },
    ]);
    expect((await list('/v1/me/audit?type=sign-in-failed', ada)).total).toBe(1);
  });

  it('tells nothing of anybody else, not even what oneself did to them', async () => {
    const { items } = await list('/v1/me/audit?per_page=100', admin);
    expect(new Set(items.map(({ userId }) => userId))).toEqual(new Set([admin.id]));
  });
});

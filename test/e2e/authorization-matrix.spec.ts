import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { type Role, roles } from '#platform/http';
import { type Answer, type Route, startApi } from '../support/api.ts';
import { type Asker, Askers } from '../support/askers.ts';
import { read } from '../support/forged-token.ts';
import { unknownAskers } from '../support/unknown-askers.ts';
import { type Line, lineNameOf, table, type Thing } from './authorization-table.ts';

// Before the tests are collected: there is one for each route that the router has.
const api = await startApi(inject('postgresUrl'), {
  CORS_ORIGINS: 'https://app.example.org',
  RATE_LIMIT: 'off',
  HOST: '127.0.0.1',
});
afterAll(() => api.close());

const lines = api.routes.map((route) => ({ route, line: table[lineNameOf(route) ?? ''] }));
const nameOf = ({ method, path }: Route) => `${method} ${path}`;

/** What is Ada's, and from which role on others may see it. */
interface Owned {
  readonly thing: Thing;
  readonly id: string;
  readonly sharedWith?: Role;
}

const askers = new Askers(api);
let everybody: Asker[];
let ada: Awaited<ReturnType<Askers['session']>>;
let owned: Owned[];

beforeAll(async () => {
  everybody = [...(await unknownAskers(askers)), ...(await askers.known())];
  ada = await askers.session('user');
  owned = await thingsOf(ada);
});

async function thingsOf(owner: typeof ada): Promise<Owned[]> {
  const { headers, userId } = owner;
  const other = await askers.session('user', owner);
  await api.lastPrice('BTC-USD', '33000');
  const make = async (url: string, body: object) =>
    (await api.call<{ id: string }>({ method: 'POST', url, headers, body })).body.id;
  const draft = { subject: 'Bitcoin', message: 'It moved.' };
  const ofAlert = await make('/v1/notifications', draft);
  await api.database.sql`update notifications.notifications set kind = 'alert' where id = ${ofAlert}`;
  return [
    { thing: 'account', id: userId },
    { thing: 'session', id: String(read(other.accessToken, 1)['sid']) },
    { thing: 'alert', id: await make('/v1/alerts', { symbol: 'BTC-USD', target: '40000' }) },
    { thing: 'notification', id: ofAlert },
    { thing: 'notification', id: await make('/v1/notifications', draft), sharedWith: 'operator' },
    { thing: 'api-key', id: await make('/v1/api-keys', { name: 'Key', scopes: ['alerts:read'] }) },
  ];
}

const includes = (role: Role, other: Role) => roles.indexOf(role) >= roles.indexOf(other);
const maySee = ({ role }: Asker, { sharedWith }: Owned) =>
  role !== undefined && sharedWith !== undefined && includes(role, sharedWith);

/** What the table lets somebody do. */
function due({ for: whom, key }: Line, { method }: Route, asker: Asker): string {
  const { refusal, role = 'user', scopes, crossSite } = asker;
  if (whom === 'everybody') return 'let in';
  if (refusal !== undefined) return refusal;
  if (crossSite && !/GET|HEAD/.test(method)) return '403 identity.cross-site';
  if (scopes && !key) return '403 identity.session-required';
  if (scopes && key && !scopes.includes(key)) return '403 identity.scope-missing';
  return includes(role, whom) ? 'let in' : '403 identity.role-missing';
}

type Got = Pick<Answer<{ code?: string } | undefined>, 'status' | 'body'>;

/** Without an id, for a thing that there is not. */
async function ask(route: Route, { headers }: Asker, { body = {} }: Line, id = newId()): Promise<Got> {
  const { method, path } = route;
  const url = path.replace(':id', id).replace(':symbol', 'BTC-USD').replace(/^\*$/, '/v1/alerts');
  if (!path.startsWith('/docs')) {
    return api.call({ method, url, headers, ...(/POST|PUT|PATCH/.test(method) ? { body } : {}) });
  }
  // Assets are answered by a package, which keeps no contract of ours.
  const asset = await api.app.inject({ method, url: url.replace('*', 'swagger-ui.css'), headers });
  return { status: asset.statusCode, body: undefined };
}

const outcomeOf = ({ status, body }: Got) =>
  status === 401 || status === 403 ? [status, body?.code].join(' ').trim() : 'let in';
const shows = ({ body }: Got, { id }: Owned) => JSON.stringify(body ?? '').includes(id);

describe('a route', () => {
  it.each(lines)('$route.method $route.path', async ({ route, line }) => {
    if (!line) throw new Error(`Say who may call ${nameOf(route)} in test/e2e/authorization-table.ts.`);
    const expected: Record<string, string> = {};
    const got: Record<string, string> = {};
    for (const asker of everybody) {
      const wanted = due(line, route, asker);
      const throwaway = line.ends && wanted === 'let in' ? await asker.another?.() : undefined;
      const answer = await ask(route, throwaway ?? asker, line);
      const shown = owned.filter((one) => !line.ofAll && !maySee(asker, one) && shows(answer, one));
      // No body says why a HEAD is refused.
      expected[asker.name] = route.method === 'HEAD' ? wanted.replace(/ identity.*/, '') : wanted;
      got[asker.name] = [outcomeOf(answer), ...shown.map(({ thing }) => `shown the ${thing} of Ada`)].join(
        ', ',
      );
    }
    expect(got).toEqual(expected);
  });

  it('is there for every line of the table', () => {
    const used = new Set(api.routes.map(lineNameOf));
    expect(
      Object.keys(table).filter((name) => !used.has(name)),
      'lines of test/e2e/authorization-table.ts without a route',
    ).toEqual([]);
  });
});

describe('a thing of Ada', () => {
  const routes = lines.flatMap(({ route, line }) =>
    line?.of === undefined ? [] : [{ route, line, of: line.of }],
  );
  const one = routes.filter(({ route }) => route.path.includes(':id'));
  const lists = routes.filter(({ route }) => !route.path.includes(':id') && route.method === 'GET');
  const deletedLast = [
    ...one.filter(({ route }) => route.method !== 'DELETE'),
    ...one.filter(({ route }) => route.method === 'DELETE'),
  ];

  /** As she sees it, where it can be read. */
  const asAda = async ({ path }: Route, id: string) => {
    const read = `${path.split('/:id')[0]}/:id`;
    const line = table[`GET ${read}`];
    return line && (await ask({ method: 'GET', path: read }, ada, line, id)).body;
  };

  it.each(one)('is not there for others, unless it is shared: $route.method $route.path', async (each) => {
    const { route, line, of } = each;
    const expected: Record<string, unknown> = {};
    const got: Record<string, unknown> = {};
    const others = everybody.filter((asker) => due(line, route, asker) === 'let in');
    for (const thing of owned.filter((one) => one.thing === of)) {
      const cellOf = (name: string) => `${name}, ${thing.sharedWith ? 'shared' : 'not shared'}`;
      const before = await asAda(route, thing.id);
      for (const asker of others) {
        const cell = cellOf(asker.name);
        const answer = await ask(route, asker, line, thing.id);
        expected[cell] = maySee(asker, thing) ? 'let in' : '404';
        got[cell] = answer.status === 404 ? '404' : outcomeOf(answer);
      }
      expected[cellOf('seen by Ada afterwards')] = before;
      got[cellOf('seen by Ada afterwards')] = thing.sharedWith ? before : await asAda(route, thing.id);
    }
    expect(Object.keys(got).length).toBeGreaterThan(2);
    expect(got).toEqual(expected);
  });

  it.each(lists)(
    'is listed for her, and for those she shares it with: $route.path',
    async ({ route, line, of }) => {
      const others = everybody.filter((asker) => due(line, route, asker) === 'let in');
      for (const thing of owned.filter((each) => each.thing === of)) {
        for (const asker of [ada, ...others.filter((other) => maySee(other, thing))]) {
          expect(shows(await ask(route, asker, line), thing), `to ${asker.name}`).toBe(true);
        }
      }
    },
  );

  it.each(deletedLast)('is there for her: $route.method $route.path', async ({ route, line, of }) => {
    for (const { id } of owned.filter(({ thing }) => thing === of)) {
      expect((await ask(route, ada, line, id)).status).not.toBeOneOf([401, 403, 404]);
    }
  });
});

describe('the OpenAPI document', () => {
  it('has the routes of the router, each with what the table says of it', () => {
    const documented = api.contract.operations.map(({ method, path, security }) => [
      `${method} ${path}`,
      security,
    ]);
    const below = /^\/(v1|health|metrics)\b/;
    const expected = lines
      .filter(({ route }) => below.test(route.path) && route.method !== 'HEAD')
      .map(({ route, line }) => [nameOf(route).replaceAll(/:(\w+)/g, '{$1}'), line && securityOf(line)]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  });

  const securityOf = ({ for: whom, key }: Line) => {
    if (whom === 'everybody') return [];
    const role = whom === 'user' ? [] : [whom];
    return [{ bearer: [...(key ? [key] : []), ...role] }, { session: role }];
  };
});

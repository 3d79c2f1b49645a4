import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Answer, type Api, startApi } from '../support/api.ts';
import { parseExposition, totalOf } from '../support/exposition.ts';

const minute = 60_000;
const home = '203.0.113.7';
const password = 'correct horse battery staple';
const someone = () => `${crypto.randomUUID()}@example.org`;

describe('attempts', () => {
  let api: Api;

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    api = await startApi(inject('postgresUrl'), { TRUST_PROXY: '1' });
  });
  // So that no test finds what another one used up.
  afterEach(() => pass(60 * minute));
  afterAll(async () => {
    vi.useRealTimers();
    await api.close();
  });

  const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
  const post = (route: string, body: object, from = home) =>
    api.call({ method: 'POST', url: `/v1/auth/${route}`, body, headers: { 'x-forwarded-for': from } });
  const logIn = (email: string, given = password, from = home) =>
    post('login', { email, password: given }, from);
  const register = async () => {
    const email = someone();
    expect((await post('register', { email, password })).status).toBe(201);
    return email;
  };
  /** Attempts without a password, which cost nothing and count. */
  const broken = async (count: number, email: string, from = home, route = 'login') => {
    for (let index = 0; index < count; index += 1) {
      expect((await post(route, { email }, from)).status).toBe(422);
    }
  };
  const refusedBy = (policy: string, seconds: number) => ({
    status: 429,
    body: { code: 'http.too-many-requests' },
    headers: {
      'retry-after': String(seconds),
      ratelimit: expect.stringMatching(new RegExp(`, "${policy}";r=0;t=${seconds}$`)),
      'ratelimit-policy': expect.stringMatching(new RegExp(`, "${policy}";q=\\d+;w=\\d+$`)),
    },
  });

  describe('at a password', () => {
    it('are thirty in a quarter of an hour from one address, whether there is such an account or not', async () => {
      const ada = await register();
      const refusals: Answer[] = [];
      for (const email of [ada, someone()]) {
        for (let index = 0; index < 30; index += 1) {
          const { status, headers } = await logIn(email, 'incorrect horse');
          expect(status).toBe(401);
          expect(headers['ratelimit']).toMatch(/^"address";r=\d+;t=\d+$/);
        }
        pass(2 * minute);
        for (const given of ['incorrect horse', password]) refusals.push(await logIn(email, given));
      }
      const [first] = refusals;
      expect(first).toMatchObject(refusedBy('passwords-address', 780));
      for (const { status, body, headers } of refusals) {
        expect({ status, body }).toEqual({ status: 429, body: first?.body });
        expect(Object.keys(headers)).toEqual(Object.keys(first?.headers ?? {}));
      }
      expect((await logIn(ada)).status).toBe(429);
      pass(11 * minute);
      expect((await logIn(ada)).status).toBe(200);
    });

    it('are forgotten where the right one came from, and only what its owner could have mistyped', async () => {
      const ada = await register();
      await broken(29, ada);
      await broken(30, ada, '198.51.100.1');
      expect((await logIn(ada)).status).toBe(200);
      await broken(30, ada);
      expect(await logIn(ada)).toMatchObject(refusedBy('passwords-address', 900));
      expect((await logIn(ada, password, '198.51.100.1')).status).toBe(429);
      // Whoever tries from elsewhere would learn from another count that the owner has just logged in.
      await broken(10, ada, '198.51.100.2');
      expect(await logIn(ada, password, '198.51.100.3')).toMatchObject(refusedBy('passwords', 900));
    });

    it('are a hundred from everywhere, of which one address has no more than its thirty', async () => {
      const ada = await register();
      for (const host of [1, 2, 3]) {
        await broken(30, ada, `198.51.100.${host}`);
        for (let index = 0; index < 10; index += 1) {
          expect((await logIn(ada, password, `198.51.100.${host}`)).status).toBe(429);
        }
      }
      await broken(10, ada);
      expect(await logIn(ada)).toMatchObject(refusedBy('passwords', 900));
      expect((await logIn(ada, password, '198.51.100.5')).status).toBe(429);
      expect((await logIn(await register())).status).toBe(200);
      pass(15 * minute);
      expect((await logIn(ada)).status).toBe(200);
    });

    it('are one account in any case, and with blanks around it', async () => {
      const ada = someone();
      for (const email of [ada, ada.toUpperCase(), `${' '.repeat(300)}${ada} `]) await broken(10, email);
      expect((await logIn(ada)).status).toBe(429);
    });

    it('are the same for tokens and for pages', async () => {
      const ada = someone();
      await broken(15, ada);
      await broken(15, ada, home, 'web-session');
      expect((await logIn(ada)).status).toBe(429);
      expect((await post('web-session', { email: ada, password })).status).toBe(429);
    });

    it('are of nobody where the address is none', async () => {
      for (const email of [undefined, null, 7, '', ' ', ['ada'], { email: 'ada' }, 'a'.repeat(255)]) {
        for (let index = 0; index < 31; index += 1) {
          expect((await post('login', { email, password })).status).toBe(422);
        }
      }
    });
  });

  it('at the current password of a session are thirty too, which nothing else uses up or forgets', async () => {
    const ada = await api.person();
    const edit = async (body: object) =>
      (await api.call({ method: 'PATCH', url: '/v1/me', as: ada, body })).status;
    for (let index = 0; index < 29; index += 1) {
      expect(await edit({ name: 'Ada' })).toBe(200);
      expect(await edit({ email: someone(), currentPassword: 'x' })).toBe(422);
    }
    expect(await edit({ name: 'Ada', currentPassword: 'x' })).toBe(200);
    expect(await edit({ email: someone(), currentPassword: ada.password })).toBe(429);
    expect(await edit({ name: 'Ada' })).toBe(200);
    expect((await logIn(ada.email)).status).toBe(200);
  });

  it('to register one mail address are ten an hour', async () => {
    const ada = someone();
    await broken(10, ada, home, 'register');
    const again = { email: ada.toUpperCase(), password };
    expect(await post('register', again)).toMatchObject(refusedBy('registrations', 3_600));
    expect((await post('register', again, '198.51.100.1')).status).toBe(429);
    await register();
    expect((await logIn(ada)).status).toBe(401);
    pass(60 * minute);
    expect((await post('register', again)).status).toBe(201);
  });

  it('to have mail sent to one address are ten an hour of a kind, and of a registration together', async () => {
    const ada = someone();
    for (let index = 0; index < 10; index += 1) {
      expect((await post('forgot-password', { email: ada })).status).toBe(202);
      const [route, expected] =
        index % 2 ? (['register', 422] as const) : (['resend-verification', 202] as const);
      expect((await post(route, { email: ada })).status).toBe(expected);
    }
    expect(await post('forgot-password', { email: ada })).toMatchObject(refusedBy('resets', 3_600));
    for (const route of ['resend-verification', 'register']) {
      expect(await post(route, { email: ada })).toMatchObject(refusedBy('registrations', 3_600));
    }
    expect((await post('forgot-password', { email: someone() })).status).toBe(202);
  });

  it('that mail to whom they name are three hundred an hour from one address, whomever they name', async () => {
    for (let asked = 0; asked < 300; asked += 1) {
      if (asked === 150) pass(2 * minute);
      expect((await post('forgot-password', { email: `${asked}@example.org` })).status).toBe(202);
    }
    expect(await post('forgot-password', { email: someone() })).toMatchObject(
      refusedBy('mails-address', 3_480),
    );
    expect((await post('forgot-password', { email: someone() }, '198.51.100.1')).status).toBe(202);
    await register();
  });

  const status = async (from: string, body: object = {}, url = '/v1/auth/login') => {
    const headers = { 'x-forwarded-for': from };
    return (await api.app.inject({ method: 'POST', url, headers, payload: body })).statusCode;
  };

  it('of any kind are three hundred a minute from one address', async () => {
    for (let index = 0; index < 300; index += 1) expect(await status(home)).toBe(422);
    expect(await logIn(someone())).toMatchObject(refusedBy('attempts-address', 60));
    // Refresh tokens are no guess, and nothing is mailed for them.
    const spared = /(refresh|logout)$/;
    const open = api.contract.operations.filter(
      ({ method, path, security }) => method === 'POST' && security?.length === 0 && !spared.test(path),
    );
    expect(open.length).toBeGreaterThan(7);
    for (const { path } of open)
      expect({ path, status: await status(home, {}, path) }).toEqual({ path, status: 429 });
    expect((await logIn(someone(), password, '198.51.100.1')).status).toBe(401);
    pass(minute);
    expect((await logIn(someone())).status).toBe(401);
  });

  it('of any kind are three thousand a minute from everywhere', async () => {
    const hosts = Array.from({ length: 10 }, (_, host) => `198.51.100.${host}`);
    for (const host of hosts) {
      const statuses = await Promise.all(Array.from({ length: 300 }, () => status(host)));
      expect(new Set(statuses)).toEqual(new Set([422]));
      // What one address tries beyond its own limit is not taken from the others.
      expect(await status(host)).toBe(429);
    }
    expect(await logIn(someone())).toMatchObject(refusedBy('attempts', 60));
    pass(minute);
    expect((await logIn(someone())).status).toBe(401);
  });

  it('that are refused are counted by the policy that refuses them', async () => {
    const refusals = async (policy: string) => {
      const families = parseExposition((await api.call<string>({ url: '/metrics' })).body);
      return totalOf(families, 'tocsin_http_rate_limit_refusals_total', { policy });
    };
    const [registrations, resets] = [await refusals('registrations'), await refusals('resets')];
    const ada = someone();
    await broken(10, ada, home, 'register');
    for (const _ of [1, 2]) await post('register', { email: ada, password });
    expect(await refusals('registrations')).toBe(registrations + 2);
    expect(await refusals('resets')).toBe(resets);
  });
});

it('are not limited where RATE_LIMIT is off', async () => {
  const api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off', HOST: '127.0.0.1' });
  const request = { method: 'POST', url: '/v1/auth/login', body: { email: 'ada@example.org' } } as const;
  for (let index = 0; index < 310; index += 1) expect((await api.call(request)).status).toBe(422);
  await api.close();
});

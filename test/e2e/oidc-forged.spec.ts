import { exportSPKI, type JWTPayload } from 'jose';
import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { Browser, type Page } from '../support/browser.ts';
import { type Keys, newKeys, signed, unsigned } from '../support/evil-provider/keys.ts';
import { type Bend, client, EvilProvider } from '../support/evil-provider/main.ts';

let api: Api;
let provider: EvilProvider;
let stranger: Keys;
const warned = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();

beforeAll(async () => {
  [provider, stranger] = await Promise.all([EvilProvider.start(), newKeys('strange')]);
  api = await startApi(inject('postgresUrl'), {
    PUBLIC_URL: 'https://tocsin.example.org',
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: client.id,
    OIDC_CLIENT_SECRET: client.secret,
  });
});
beforeEach(() => {
  warned.mockClear();
  provider.bend = {};
  provider.person = { sub: 'eve', email: 'eve@example.org', email_verified: true };
});
afterAll(async () => {
  await Promise.all([api.close(), provider.close()]);
});

const session = '__Host-tocsin-session';
const kept = '__Host-tocsin-oidc';

/** The answer that somebody gets who comes back from the provider as it is bent. */
async function comeBack(browser = new Browser(api)): Promise<Page> {
  return browser.open(await browser.walk('/v1/auth/oidc', '/callback'));
}

/** Everything that a sign-in leaves behind. */
const left = () => api.database.sql`
  select (select count(*) from identity.users) as users,
    (select count(*) from identity.external_identities) as identities,
    (select count(*) from identity.sessions) as sessions`;

const json = (text: string) => JSON.parse(text) as { code: string; detail: string };

/** Refused by this code; nobody has an account or a session of it, and the browser cannot try again with it. */
async function expectRefused(attempt: (browser: Browser) => Promise<Page>, status: number, code: string) {
  const before = await left();
  const browser = new Browser(api);
  const page = await attempt(browser);
  expect({ status: page.status, code: json(page.text).code }).toEqual({ status, code });
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect([...browser.ours.keys()]).toEqual([]);
  expect(await left()).toEqual(before);
}

const raw =
  (status: number, body: string, type = 'application/json') =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(body);
const now = () => Math.floor(Date.now() / 1000);
const claiming = (changed: JWTPayload): Bend => ({ claims: (claims) => ({ ...claims, ...changed }) });
const rs256 = { alg: 'RS256', kid: 'first' };

/** What is bent, by the sentence that says so; and what the log says of the check that failed. */
const refused: [string, () => Bend, string][] = [
  ...['none', 'None', 'NONE'].map((alg): [string, () => Bend, string] => [
    `nobody signed, by the algorithm ${alg}`,
    () => ({ sign: (claims) => unsigned(alg, claims) }),
    '"alg"',
  ]),
  [
    'is signed with the secret of the client',
    () => ({ sign: (claims) => signed({ alg: 'HS256' }, claims, Buffer.from(client.secret)) }),
    '"alg"',
  ],
  [
    'is signed with the public key as a secret',
    () => ({
      sign: async (claims, { publicKey, kid }) =>
        signed({ alg: 'HS256', kid }, claims, Buffer.from(await exportSPKI(publicKey))),
    }),
    '"alg"',
  ],
  [
    'is signed by an algorithm that the provider did not announce',
    () => ({
      sign: (claims) => signed({ alg: 'ES256', kid: 'spare' }, claims, provider.spareKeys.privateKey),
    }),
    '"alg"',
  ],
  [
    'is signed with an unknown key',
    () => ({ sign: (claims) => signed({ ...rs256, kid: 'strange' }, claims, stranger.privateKey) }),
    'no applicable keys',
  ],
  [
    'is signed with another key under the name of the known one',
    () => ({ sign: (claims) => signed(rs256, claims, stranger.privateKey) }),
    'signature',
  ],
  [
    'is signed with another key that has no name',
    () => ({ sign: (claims) => signed({ alg: 'RS256' }, claims, stranger.privateKey) }),
    'signature',
  ],
  [
    'brings its own key',
    () => ({ sign: (claims) => signed({ ...rs256, jwk: stranger.jwk }, claims, stranger.privateKey) }),
    'signature',
  ],
  [
    'was changed after it was signed',
    () => ({
      sign: async (claims, { privateKey }) => {
        const [header, , signature] = (await signed(rs256, claims, privateKey)).split('.');
        const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'ada' })).toString('base64url');
        return [header, changed, signature].join('.');
      },
    }),
    'signature',
  ],
  [
    'has a critical header',
    () => ({
      sign: (claims, { privateKey }) => signed({ ...rs256, crit: ['b64'], b64: true }, claims, privateKey),
    }),
    '"crit"',
  ],
  ['is of another issuer', () => claiming({ iss: 'https://accounts.google.com' }), '"iss"'],
  ['is of an issuer with a slash at the end', () => claiming({ iss: `${provider.issuer}/` }), '"iss"'],
  ['is for another audience', () => claiming({ aud: 'another client' }), '"aud"'],
  ['is for nobody', () => claiming({ aud: undefined }), '"aud"'],
  ['is for us and a stranger', () => claiming({ aud: [client.id, 'a stranger'] }), '"aud"'],
  [
    'is for us and a stranger, and was asked for by that one',
    () => claiming({ aud: [client.id, 'a stranger'], azp: 'a stranger' }),
    '"azp"',
  ],
  ['was asked for by another client', () => claiming({ azp: 'another client' }), 'azp'],
  ['has no nonce', () => claiming({ nonce: undefined }), '"nonce"'],
  ['has another nonce', () => claiming({ nonce: 'another nonce' }), '"nonce"'],
  ['has expired', () => claiming({ exp: now() - 60 }), '"exp"'],
  ['never expires', () => claiming({ exp: undefined }), '"exp"'],
  ['expires at a text', () => claiming({ exp: String(now() + 60) as never }), '"exp"'],
  ['is of the future', () => claiming({ iat: now() + 3600, exp: now() + 7200 }), 'iat'],
  ['is of yesterday', () => claiming({ iat: now() - 86_400 }), 'iat'],
  ['is of no time', () => claiming({ iat: undefined }), '"iat"'],
  ['is not valid yet', () => claiming({ nbf: now() + 600 }), '"nbf"'],
  ['names nobody', () => claiming({ sub: undefined }), '"sub"'],
  ['names somebody by an empty text', () => claiming({ sub: '' }), 'sub'],
  ['names somebody by a number', () => claiming({ sub: 7 as never }), '"sub"'],
  ['names somebody by 256 characters', () => claiming({ sub: 'x'.repeat(256) }), 'sub'],
  ['names somebody by a character that Postgres does not store', () => claiming({ sub: 'eve\0' }), 'sub'],
  [
    'names somebody else than the profile does',
    () => ({
      ...claiming({ email: undefined }),
      userinfo: (person) => ({ ...person, sub: 'ada' }),
    }),
    '"sub"',
  ],
  [
    'is an access token',
    () => ({
      ...claiming({ nonce: undefined }),
      sign: (claims, { privateKey }) =>
        signed({ ...rs256, typ: 'at+jwt' }, { ...claims, client_id: client.id, jti: '1' }, privateKey),
    }),
    '"nonce"',
  ],
  ['is no token', () => ({ sign: () => 'a.b' }), 'Invalid JWT'],
  ['is missing', () => ({ tokens: (honest) => ({ ...honest, id_token: undefined }) }), '"id_token"'],
  [
    'comes without an access token',
    () => ({ tokens: (honest) => ({ ...honest, access_token: undefined }) }),
    '"access_token"',
  ],
  ['comes as a page', () => ({ answer: { '/token': raw(200, '<html>', 'text/html') } }), 'content-type'],
  ['comes as half an object', () => ({ answer: { '/token': raw(200, '{"id_token":') } }), 'JSON'],
  ['comes as a list', () => ({ answer: { '/token': raw(200, '[]') } }), 'object'],
  ['has moved', () => ({ answer: { '/token': raw(302, '') } }), 'status'],
];

describe('an ID token', () => {
  it('that is honest signs somebody in', async () => {
    const browser = new Browser(api);
    expect(await comeBack(browser)).toMatchObject({ status: 303 });
    expect([...browser.ours.keys()]).toEqual([session]);
  });

  it('for us and a stranger signs somebody in when we asked for it', async () => {
    provider.bend = claiming({ aud: [client.id, 'a stranger'], azp: client.id });
    expect(await comeBack()).toMatchObject({ status: 303 });
  });

  it.each(refused)('that %s is refused', async (_, bend, why) => {
    provider.bend = bend();
    await expectRefused(comeBack, 401, 'identity.sign-in-refused');
    expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(why));
  });

  it('of an earlier sign-in is refused', async () => {
    let earlier = '';
    provider.bend = {
      tokens: (honest) => {
        earlier = String(honest['id_token']);
        return honest;
      },
    };
    expect(await comeBack()).toMatchObject({ status: 303 });
    provider.bend = { sign: () => earlier };
    await expectRefused(comeBack, 401, 'identity.sign-in-refused');
  });

  it('that the provider cannot give now is to be asked for again', async () => {
    provider.bend = { answer: { '/token': raw(500, '{}') } };
    await expectRefused(comeBack, 503, 'identity.provider-unavailable');
  });
});

describe('a newcomer', () => {
  it.each<[string, JWTPayload]>([
    ['is not confirmed', { email_verified: false }],
    ['is confirmed by a text', { email_verified: 'true' }],
    ['may be confirmed or not', { email_verified: undefined }],
    ['is none', { email: 'eve' }],
    ['is not told', { email: undefined }],
  ])('whose address %s gets no account', async (_, said) => {
    provider.person = { sub: 'new', email: 'new@example.org', email_verified: true, ...said };
    await expectRefused(comeBack, 403, 'identity.email-unconfirmed');
  });
});

describe('who comes back', () => {
  const unknown = [401, 'identity.sign-in-unknown'] as const;

  it.each<[string, Bend['callback']]>([
    ['with another state', (query) => query.set('state', 'another')],
    ['without a state', (query) => query.delete('state')],
  ])('%s is nobody', async (_, callback) => {
    provider.bend = { callback: (query) => callback?.(query) };
    await expectRefused(comeBack, ...unknown);
  });

  it.each<[string, Bend['callback']]>([
    ['with two states', (query) => query.append('state', 'another')],
    ['with two codes', (query) => query.append('code', 'another')],
    ['without a code', (query) => query.delete('code')],
    ['without the name of the provider', (query) => query.delete('iss')],
    ['from another provider', (query) => query.set('iss', 'https://accounts.google.com')],
    ['with a token of a flow that we did not begin', (query) => query.set('id_token', 'x')],
    ['with a signed answer', (query) => query.set('response', 'x')],
  ])('%s is refused', async (_, callback) => {
    provider.bend = { callback: (query) => callback?.(query) };
    await expectRefused(comeBack, 401, 'identity.sign-in-refused');
  });

  it('in another browser is nobody', async () => {
    const callback = await new Browser(api).walk('/v1/auth/oidc', '/callback');
    await expectRefused((browser) => browser.open(callback), ...unknown);
  });

  it('with a changed cookie, or one that holds something else, is nobody', async () => {
    await expectRefused(
      async (browser) => {
        const callback = await browser.walk('/v1/auth/oidc', '/callback');
        const sealed = browser.ours.get(kept) ?? '';
        browser.ours.set(
          kept,
          sealed.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
        );
        return browser.open(callback);
      },
      ...unknown,
    );
    await expectRefused(
      async (browser) => {
        const callback = await browser.walk('/v1/auth/oidc', '/callback');
        browser.ours.set(kept, JSON.stringify({ state: callback.searchParams.get('state') }));
        return browser.open(callback);
      },
      ...unknown,
    );
  });

  it('a second time is nobody, and with the cookie that was kept is refused by the provider', async () => {
    const first = new Browser(api);
    const callback = await first.walk('/v1/auth/oidc', '/callback');
    const sealed = first.ours.get(kept) ?? '';
    expect(await first.open(callback)).toMatchObject({ status: 303 });
    await expectRefused((browser) => browser.open(callback), ...unknown);
    await expectRefused(
      (browser) => {
        browser.ours.set(kept, sealed);
        return browser.open(callback);
      },
      401,
      'identity.sign-in-refused',
    );
  });

  it("with the code of somebody else's sign-in is refused: it belongs to another verifier", async () => {
    const others = await new Browser(api).walk('/v1/auth/oidc', '/callback');
    await expectRefused(
      async (browser) => {
        const own = await browser.walk('/v1/auth/oidc', '/callback');
        own.searchParams.set('code', others.searchParams.get('code') ?? '');
        return browser.open(own);
      },
      401,
      'identity.sign-in-refused',
    );
  });

  it('having declined is told so', async () => {
    provider.bend = {
      callback: (query) => {
        query.delete('code');
        query.set('error', 'access_denied');
      },
    };
    await expectRefused(comeBack, 401, 'identity.sign-in-denied');
  });

  it('with parameters that only the provider knows is let in', async () => {
    provider.bend = { callback: (query) => query.set('session_state', '%zz&authuser=0&prompt=consent') };
    expect(await comeBack()).toMatchObject({ status: 303 });
  });
});

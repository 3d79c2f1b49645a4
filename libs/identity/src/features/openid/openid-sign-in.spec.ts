import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock, SystemClock } from '#kernel';
import { loadConfig } from '#platform/config';
import { newKeys, signed, unsigned } from '../../../../../test/support/evil-provider/keys.ts';
import { client, EvilProvider } from '../../../../../test/support/evil-provider/main.ts';
import { OpenIdProvider } from './openid-provider.ts';
import { OpenIdSignIn } from './openid-sign-in.ts';

const ada = { sub: 'ada-1', email: 'Ada@example.org', email_verified: true, name: 'Ada Lovelace' };
const patience = { answerSeconds: 5, metadataMs: 60_000 };

let provider: EvilProvider;
const warned = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();

beforeAll(async () => {
  provider = await EvilProvider.start();
});
beforeEach(() => {
  provider.bend = {};
  provider.person = ada;
  provider.asked.length = 0;
  warned.mockClear();
});
afterAll(() => provider.close());

/** One process. */
function signInHere(
  { clock = new SystemClock(), ...bounds }: Partial<typeof patience> & { clock?: Clock } = {},
  variables: NodeJS.ProcessEnv = {},
): OpenIdSignIn {
  const config = loadConfig({
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: client.id,
    OIDC_CLIENT_SECRET: client.secret,
    ...variables,
  });
  return new OpenIdSignIn(new OpenIdProvider(config, { ...patience, ...bounds }), clock);
}

/** Where the provider sends the browser that was sent to it. */
async function queryFrom(url: URL): Promise<string> {
  const { headers } = await fetch(url, { redirect: 'manual' });
  return new URL(headers.get('location') ?? '').search;
}

async function goThrough(signIn: OpenIdSignIn) {
  const { url, begun } = await signIn.begin('/docs');
  return signIn.finish(await queryFrom(url), begun);
}

const askedAt = (path: string) => provider.asked.filter((asked) => asked.path === path);
const answering =
  (status: number, body: string, type = 'application/json') =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(body);
const metadata = '/.well-known/openid-configuration';
const unavailable = { kind: 'unavailable', code: 'identity.provider-unavailable' };
const refused = { kind: 'unauthenticated', code: 'identity.sign-in-refused' };

describe('somebody whom a provider vouches for', () => {
  it('is who it says, and where they wanted to be', async () => {
    expect(await goThrough(signInHere())).toEqual({
      identity: {
        issuer: provider.issuer,
        subject: 'ada-1',
        email: 'Ada@example.org',
        emailVerified: true,
        name: 'Ada Lovelace',
      },
      returnTo: '/docs',
    });
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('may be vouched for by %s', async (alg) => {
    const keys = await newKeys('other', alg);
    provider.bend = {
      metadata: (honest) => ({ ...honest, id_token_signing_alg_values_supported: ['HS256', 'none', alg] }),
      sign: (claims) => signed({ alg, kid: keys.kid }, claims, keys.privateKey),
      answer: { '/jwks': answering(200, JSON.stringify({ keys: [keys.jwk] })) },
    };
    expect(await goThrough(signInHere())).toMatchObject({ identity: { subject: 'ada-1' } });
  });

  it.each<[string, EvilProvider['bend']['sign']]>([
    ['none', (claims) => unsigned('none', claims)],
    ['HS256', (claims) => signed({ alg: 'HS256' }, claims, Buffer.from(client.secret))],
  ])('may not be vouched for by %s, although the provider says that it does so', async (alg, sign) => {
    provider.bend = {
      metadata: (honest) => ({ ...honest, id_token_signing_alg_values_supported: [alg] }),
      ...(sign && { sign }),
    };
    await expect(goThrough(signInHere())).rejects.toMatchObject(refused);
    expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('"alg"'));
  });

  it('is asked about where the token does not tell their address', async () => {
    provider.bend = { claims: ({ iss, aud, sub, iat, exp, nonce }) => ({ iss, aud, sub, iat, exp, nonce }) };
    const { identity } = await goThrough(signInHere());
    expect(identity).toMatchObject({ subject: 'ada-1', email: 'Ada@example.org', emailVerified: true });
    expect(askedAt('/userinfo')).toHaveLength(1);
  });

  it.each([
    ['no address', { email: undefined }, { email: null }],
    ['an address that is none', { email: 'ada' }, { email: null }],
    ['an address that is too long', { email: `ada@${'x'.repeat(250)}.org` }, { email: null }],
    ['an address that is not confirmed', { email_verified: false }, { emailVerified: false }],
    ['an address of which nothing is said', { email_verified: undefined }, { emailVerified: false }],
    ['an address that is confirmed by a text', { email_verified: 'true' }, { emailVerified: false }],
    ['a name with a line break', { name: 'Ada\r\nBcc: eve@example.org' }, { name: null }],
    ['a name that is a list', { name: ['Ada'] }, { name: null }],
    ['a name that is too long', { name: 'x'.repeat(101) }, { name: null }],
  ])('may have %s', async (_, said, expected) => {
    provider.person = { ...ada, ...said };
    const { identity } = await goThrough(signInHere());
    expect(identity).toMatchObject({ subject: 'ada-1', ...expected });
  });
});

describe('the request to a provider', () => {
  it('has a state, a nonce and a challenge of its own, also where PKCE is not announced', async () => {
    const signIn = signInHere();
    await goThrough(signIn);
    await goThrough(signIn);
    const [first, second] = askedAt('/authorize').map(({ parameters }) => Object.fromEntries(parameters));
    expect(first).toEqual({
      client_id: client.id,
      response_type: 'code',
      redirect_uri: 'http://localhost:3000/v1/auth/oidc/callback',
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(second?.[name]).not.toBe(first?.[name]);
  });

  it.each([
    ['in the body', { token_endpoint_auth_methods_supported: ['client_secret_post'] }, null],
    ['in a header', { token_endpoint_auth_methods_supported: ['client_secret_basic'] }, 'Basic'],
    ['in a header', { token_endpoint_auth_methods_supported: undefined }, 'Basic'],
  ])('for tokens shows the secret %s where the provider says %j', async (_, said, scheme) => {
    provider.bend = { metadata: (honest) => ({ ...honest, ...said }) };
    await goThrough(signInHere());
    expect(askedAt('/token').map((asked) => asked.scheme)).toEqual([scheme]);
  });

  it('for its metadata is made once by all who sign in at the same time, and not again for an hour', async () => {
    const signIn = signInHere();
    await Promise.all([1, 2, 3].map(() => goThrough(signIn)));
    expect(askedAt(metadata)).toHaveLength(1);
  });

  it('for its metadata is made again when they are old, and after it was away', async () => {
    const forgetful = signInHere({ metadataMs: 0 });
    await goThrough(forgetful);
    expect(askedAt(metadata).length).toBeGreaterThan(1);
    const signIn = signInHere();
    provider.bend = { answer: { [metadata]: answering(500, '{}') } };
    await expect(signIn.begin('/docs')).rejects.toMatchObject(unavailable);
    provider.bend = {};
    const { url, begun } = await signIn.begin('/docs');
    const query = await queryFrom(url);
    provider.bend = { answer: { '/token': answering(503, '{}') } };
    await expect(signIn.finish(query, begun)).rejects.toMatchObject(unavailable);
    const before = askedAt(metadata).length;
    provider.bend = {};
    expect(await goThrough(signIn)).toMatchObject({ identity: { subject: 'ada-1' } });
    expect(askedAt(metadata)).toHaveLength(before + 1);
  });
});

describe('a provider that cannot be used', () => {
  it.each<[string, EvilProvider['bend']]>([
    ['fails', { answer: { [metadata]: answering(500, '{}') } }],
    ['is asked too much', { answer: { [metadata]: answering(429, '{}') } }],
    ['moved', { answer: { [metadata]: (response) => response.writeHead(302, { location: '/' }).end() } }],
    ['answers with a page', { answer: { [metadata]: answering(200, '<html>', 'text/html') } }],
    ['answers with half an object', { answer: { [metadata]: answering(200, '{"issuer":') } }],
    ['answers with too much', { metadata: (honest) => ({ ...honest, padding: 'x'.repeat(300_000) }) }],
    ['hangs up', { answer: { [metadata]: (response) => response.destroy() } }],
    [
      'names itself otherwise',
      { metadata: (honest) => ({ ...honest, issuer: 'https://other.example.org' }) },
    ],
    [
      'has a slash too much',
      { metadata: (honest) => ({ ...honest, issuer: `${String(honest['issuer'])}/` }) },
    ],
    ['has no door', { metadata: (honest) => ({ ...honest, authorization_endpoint: undefined }) }],
    [
      'has a trapdoor',
      { metadata: (honest) => ({ ...honest, authorization_endpoint: 'javascript:alert(1)' }) },
    ],
    [
      'signs with a text',
      { metadata: (honest) => ({ ...honest, id_token_signing_alg_values_supported: 'RS256' }) },
    ],
  ])('because it %s is said to be unavailable', async (_, bend) => {
    provider.bend = bend;
    await expect(signInHere().begin('/docs')).rejects.toMatchObject(unavailable);
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(`^${provider.issuer} cannot be used: .{10,}`),
    );
  });

  it('because nothing listens there is said to be unavailable', async () => {
    const nowhere = signInHere({}, { OIDC_ISSUER: 'http://127.0.0.1:9' });
    await expect(nowhere.begin('/docs')).rejects.toMatchObject(unavailable);
  });

  it.each(['/token', '/jwks', '/userinfo', metadata])(
    'because %s hangs is not waited for long',
    async (path) => {
      const signIn = signInHere({ answerSeconds: 0.2 });
      provider.bend = {
        claims: (claims) => ({ ...claims, email: undefined }),
        answer: {
          [path]: (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
        },
      };
      const began = performance.now();
      await expect(goThrough(signIn)).rejects.toMatchObject(unavailable);
      expect(performance.now() - began).toBeLessThan(3_000);
    },
  );
});

describe('a sign-in', () => {
  it('is nobody else’s, and over after ten minutes', async () => {
    const signIn = signInHere();
    const { url, begun } = await signIn.begin('/docs');
    const query = await queryFrom(url);
    const unknown = { kind: 'unauthenticated', code: 'identity.sign-in-unknown' };
    const other = await signIn.begin('/docs');
    await expect(signIn.finish(query, null)).rejects.toMatchObject(unknown);
    await expect(signIn.finish(query, other.begun)).rejects.toMatchObject(unknown);
    await expect(signIn.finish('', begun)).rejects.toMatchObject(unknown);
    await expect(signIn.finish(query, { ...begun, issuer: 'https://old.example.org' })).rejects.toMatchObject(
      unknown,
    );
    const late = new (class extends Clock {
      now = () => new Date(begun.at + 601_000);
    })();
    await expect(signInHere({ clock: late }).finish(query, begun)).rejects.toMatchObject(unknown);
    expect(askedAt('/token')).toEqual([]);
    expect(await signIn.finish(query, begun)).toMatchObject({ returnTo: '/docs' });
  });

  it.each([
    ['declined', 'access_denied', { code: 'identity.sign-in-denied' }],
    ['found the provider busy', 'temporarily_unavailable', refused],
    ['met an error with a text of its own', '<script>', refused],
  ])('of somebody who %s ends', async (_, error, expected) => {
    provider.bend = {
      callback: (parameters) => {
        parameters.delete('code');
        parameters.set('error', error);
      },
    };
    await expect(goThrough(signInHere())).rejects.toMatchObject(expected);
    expect(JSON.stringify(warned.mock.calls)).not.toContain('script');
  });

  it('that is refused tells the log which check failed, and nothing of the token', async () => {
    const told = async (bend: EvilProvider['bend']) => {
      provider.bend = bend;
      warned.mockClear();
      await expect(goThrough(signInHere())).rejects.toMatchObject(refused);
      expect(warned).toHaveBeenCalledOnce();
      return String(warned.mock.calls[0]?.[0]);
    };
    const lines = [
      await told({ claims: (claims) => ({ ...claims, aud: 'hush' }) }),
      await told({ claims: (claims) => ({ ...claims, azp: 'hush' }) }),
      await told({ sign: () => 'hush.hush.hush' }),
      await told({ answer: { '/token': answering(200, 'hush') } }),
      await told({
        answer: { '/token': answering(400, '{"error": "invalid_grant", "error_description": "hush"}') },
      }),
    ];
    expect(lines.join('\n')).not.toContain('hush');
    expect(lines[0]).toContain('"aud"');
    expect(lines[1]).toContain('azp');
    expect(lines[2]).toContain('parse');
    expect(lines[3]).toContain('parse');
    expect(lines[4]).toContain('invalid_grant');
  });

  it('is impossible where no provider is set', async () => {
    const nobody = signInHere({}, { OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' });
    const off = { kind: 'not-found', code: 'identity.provider-off' };
    await expect(nobody.begin('/docs')).rejects.toMatchObject(off);
    await expect(nobody.finish('', null)).rejects.toMatchObject(off);
  });
});

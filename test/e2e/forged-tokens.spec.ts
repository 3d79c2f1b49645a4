import { constants, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JwtService } from '@nestjs/jwt';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '#kernel';
import { loadConfig } from '#platform/config';
import { AccessTokens } from '../../libs/identity/src/features/access-tokens.ts';
import { headerOf } from '../support/access-token.ts';
import { type Api, type Caller, jwtSecret, startApi } from '../support/api.ts';
import { forged, hmac, part, read, type Signer, unsigned } from '../support/forged-token.ts';

/**
 * Every token here is the honest one of somebody with a session but for what its line says, so it is refused for that.
 * Some need the secret itself: a key that signs other things as well, or leaks, is good for less where the form counts.
 */
const previousSecret = 'the secret before that one, as long as it has to be';
const strangeSecret = 'a secret that nobody here has ever signed a thing with';
const minute = 60;
const now = () => Math.floor(Date.now() / 1000);

let api: Api;
let person: Caller;
let honest: { readonly token: string; readonly claims: Record<string, unknown> };

beforeAll(async () => {
  api = await startApi(inject('postgresUrl'), {
    JWT_SECRET_PREVIOUS: previousSecret,
    RATE_LIMIT: 'off',
    HOST: '127.0.0.1',
  });
  person = await api.person();
  honest = { token: person.accessToken, claims: read(person.accessToken, 1) };
});
afterAll(() => api.close());

const header = headerOf(jwtSecret);
const ask = (authorization: string, url = '/v1/me') => api.call({ url, headers: { authorization } });
/** Signed as we sign, whatever it says. */
const ours = (headerChanged: object = {}, claimsChanged: object = {}) =>
  forged({ ...header, ...headerChanged }, { ...honest.claims, ...claimsChanged }, hmac(jwtSecret));
/** What the honest one says, signed in another way. */
const signed =
  (sign: Signer, headerChanged: object = {}) =>
  () =>
    forged({ ...header, ...headerChanged }, honest.claims, sign);
const refusal = (code: string) => ({
  status: 401,
  headers: { 'www-authenticate': 'Bearer' },
  body: { code: `identity.${code}` },
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

type Forgery = readonly [name: string, token: () => string];

const unsignedOnes = ['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): Forgery[] => [
  [`says alg '${alg}' and is not signed`, signed(unsigned, { alg })],
  [`says alg '${alg}' and is signed`, () => ours({ alg })],
  [
    `says alg '${alg}' and has the signature of the honest one`,
    signed(() => honest.token.split('.')[2] ?? '', { alg }),
  ],
]);

const algorithms: readonly Forgery[] = [
  ['is not signed', signed(unsigned)],
  ['names no algorithm', () => ours({ alg: undefined })],
  ['names an algorithm in lower case', () => ours({ alg: 'hs256' })],
  ['names two algorithms', () => ours({ alg: ['HS256'] })],
  ['is signed with HS384', signed(hmac(jwtSecret, 'sha384'), { alg: 'HS384' })],
  ['is signed with HS512', signed(hmac(jwtSecret, 'sha512'), { alg: 'HS512' })],
  ['says HS256 and is signed with HS512', signed(hmac(jwtSecret, 'sha512'))],
  ['is signed with another secret', signed(hmac(strangeSecret))],
  ['is signed with an empty secret', signed(hmac(''))],
  ['is signed with the id of the key', signed(hmac(header.kid))],
  ...[rsa, ec, ed].flatMap(({ publicKey }): Forgery[] => {
    const text = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const said = `is signed with an ${publicKey.asymmetricKeyType} public key as its secret`;
    return [
      [said, signed(hmac(text))],
      [`${said}, without the line's end`, signed(hmac(text.trim()))],
      [`${said}, as JWK`, signed(hmac(JSON.stringify(publicKey.export({ format: 'jwk' }))))],
    ];
  }),
  ...(
    [
      ['RS256', 'sha256', { key: rsa.privateKey }],
      ['PS256', 'sha256', { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
      ['ES256', 'sha256', { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }],
      ['EdDSA', null, { key: ed.privateKey }],
    ] as const
  ).flatMap(([alg, hash, key]): Forgery[] => [
    [`is signed with ${alg}`, signed((parts) => signWith(hash, Buffer.from(parts), key), { alg })],
    [`is signed with ${alg} and says HS256`, signed((parts) => signWith(hash, Buffer.from(parts), key))],
  ]),
];

/** No secret of the forger's is taken for ours because of what the header says, and ours counts by its own name only. */
const kids = [
  '../../dev/null',
  '/dev/null',
  `' or 1=1 --`,
  `x' union select '${strangeSecret}' --`,
  'https://evil.example/key',
  '',
  'unknown1',
  '__proto__',
  'constructor',
  `${header.kid} `,
  header.kid.toLowerCase(),
  [header.kid],
  { [header.kid]: header.kid },
  7,
  null,
  undefined,
].flatMap((kid): Forgery[] => {
  const said = kid === undefined ? 'names no key' : `names the key ${JSON.stringify(kid)}`;
  return [
    [`${said} and is signed with an empty secret`, signed(hmac(''), { kid })],
    [`${said} and is signed with another secret`, signed(hmac(strangeSecret), { kid })],
    [`${said} and is signed with ours`, () => ours({ kid })],
  ];
});

const twoKeys: readonly Forgery[] = [
  [
    'names the previous key and is signed with the current one',
    () => ours({ kid: headerOf(previousSecret).kid }),
  ],
  ['names the current key and is signed with the previous one', signed(hmac(previousSecret))],
  [
    'names another key and is signed with it',
    () => forged(headerOf(strangeSecret), honest.claims, hmac(strangeSecret)),
  ],
];

const evilUrl = 'https://evil.example/keys.json';
const headers: readonly Forgery[] = [
  ...Object.entries({
    jku: evilUrl,
    x5u: evilUrl,
    jwk: { kty: 'oct', k: Buffer.from(strangeSecret).toString('base64url') },
    x5c: [rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
    x5t: 'AAAA',
    crit: ['exp'],
    b64: false,
    zip: 'DEF',
    enc: 'A256GCM',
    cty: 'JWT',
  }).flatMap(([name, value]): Forgery[] => [
    [`has ${name} and is signed with another secret`, signed(hmac(strangeSecret), { [name]: value })],
    [`has ${name} and is signed with ours`, () => ours({ [name]: value })],
  ]),
  ...[
    'JWT',
    'jwt',
    'AT+JWT',
    'at+JWT',
    'application/at+jwt',
    'dpop+jwt',
    'logout+jwt',
    '',
    null,
    7,
    ['at+jwt'],
    undefined,
  ].map((typ): Forgery => [`is of the type ${JSON.stringify(typ)}`, () => ours({ typ })]),
  ['has a header that is no JSON', () => forged('{', honest.claims, hmac(jwtSecret))],
  ['has a header that is null', () => forged(null, honest.claims, hmac(jwtSecret))],
  ['has a header that is a list', () => forged([header], honest.claims, hmac(jwtSecret))],
  ['has no header', () => forged('', honest.claims, hmac(jwtSecret))],
];

const idTokens: readonly Forgery[] = [
  [
    'is an ID token of a provider',
    () =>
      forged(
        { alg: 'RS256', typ: 'JWT', kid: 'provider' },
        { ...honest.claims, iss: 'https://accounts.google.com', aud: 'client-id', nonce: 'n' },
        (parts) => signWith('sha256', Buffer.from(parts), rsa.privateKey),
      ),
  ],
  ['is an ID token signed with our secret', () => ours({ typ: 'JWT' }, { aud: 'client-id', nonce: 'n' })],
  ['says all that an access token says, and that it is an ID token', () => ours({ typ: 'id_token+jwt' })],
];

const without = (claim: string): Forgery => [`says no ${claim}`, () => ours({}, { [claim]: undefined })];
const says = (claim: string, value: unknown): Forgery => [
  `says the ${claim} ${JSON.stringify(value)}`,
  () => ours({}, { [claim]: value }),
];

const claims: readonly Forgery[] = [
  ...['iss', 'aud', 'sub', 'sid', 'role', 'iat', 'exp'].flatMap((claim) => [
    without(claim),
    says(claim, null),
    says(claim, ''),
    says(claim, {}),
    says(claim, 'made up'),
  ]),
  // One of several would do by RFC 7519; ours names one, and what is also for others is not ours.
  ...[
    'tocsin',
    'TOCSIN-API',
    'tocsin-api ',
    ['tocsin-api'],
    ['stranger', 'tocsin-api'],
    ['stranger'],
    [],
  ].map((aud) => says('aud', aud)),
  ...['tocsin-api', 'Tocsin', ['tocsin'], 'https://accounts.google.com'].map((iss) => says('iss', iss)),
  ...['root', 'Admin', 'user,admin', '__proto__', ['admin'], 2].map((role) => says('role', role)),
  ...['*', 7, true, `${newId()}'--`, [newId()]].flatMap((id) => [says('sub', id), says('sid', id)]),
  ['says the time of its end as text', () => ours({}, { exp: String(now() + minute) })],
  ['says the time of its end in milliseconds', () => ours({}, { exp: (now() + minute) * 1000 })],
  ['ends in a year', () => ours({}, { exp: now() + 365 * 24 * 60 * minute })],
  ['ends a second later than ours do', () => ours({}, { iat: now(), exp: now() + 15 * minute + 1 })],
  [
    'ends never',
    () =>
      forged(
        header,
        JSON.stringify({ ...honest.claims, exp: 0 }).replace('"exp":0', '"exp":1e999'),
        hmac(jwtSecret),
      ),
  ],
  ['begins in an hour', () => ours({}, { iat: now() + 60 * minute, exp: now() + 75 * minute })],
  ['is not valid before the next hour', () => ours({}, { nbf: now() + 60 * minute })],
  ['is not valid before some text', () => ours({}, { nbf: 'now' })],
  ['says nothing', () => forged(header, {}, hmac(jwtSecret))],
  ['says null', () => forged(header, null, hmac(jwtSecret))],
  ['says a list', () => forged(header, [honest.claims], hmac(jwtSecret))],
  ['says a word', () => forged(header, '"word"', hmac(jwtSecret))],
  ['says what is no JSON', () => forged(header, '{', hmac(jwtSecret))],
  ['says nothing at all', () => forged(header, '', hmac(jwtSecret))],
];

/** The honest token with its parts as `change` makes them. */
const changed = (change: (parts: [string, string, string]) => string[]) => () =>
  change(honest.token.split('.') as [string, string, string]).join('.');
const flipped = (text: string, index: number) =>
  `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;

const tampered: readonly Forgery[] = [
  ['has another header', changed(([head, ...rest]) => [flipped(head, 5), ...rest])],
  [
    'has the same header with a blank in it',
    changed(([, ...rest]) => [part(JSON.stringify(header, null, 1)), ...rest]),
  ],
  [
    'has another role',
    changed(([head, , signature]) => [head, part({ ...honest.claims, role: 'admin' }), signature]),
  ],
  [
    'has another subject',
    changed(([head, , signature]) => [head, part({ ...honest.claims, sub: newId() }), signature]),
  ],
  [
    'has a byte changed at the beginning of its signature',
    changed(([h, c, signature]) => [h, c, flipped(signature, 0)]),
  ],
  ['has a byte changed within its signature', changed(([h, c, signature]) => [h, c, flipped(signature, 20)])],
  ['lacks the end of its signature', changed(([h, c, signature]) => [h, c, signature.slice(0, -1)])],
  [
    'has the signature of another',
    changed(([h, c]) => [h, c, ours({}, { role: 'admin' }).split('.')[2] ?? '']),
  ],
  ['has a padded signature', changed(([h, c, signature]) => [h, c, `${signature}=`])],
  ['has padded claims', changed(([h, c, signature]) => [h, `${c}=`, signature])],
  ['has only two parts', changed(([h, c]) => [h, c])],
  ['has a fourth part', changed((parts) => [...parts, part({})])],
  ['has five parts, as an encrypted one', changed(([h, c, s]) => [h, '', c, s, ''])],
  ['has an empty fourth part', changed((parts) => [...parts, ''])],
  ['has an empty first part', changed((parts) => ['', ...parts])],
  ['is of dots', () => '..'],
  ['is one word', () => 'token'],
  ['is null', () => 'null'],
  [
    'is followed by a second one after a comma',
    changed((parts) => [`${parts.join('.')},${parts.join('.')}`]),
  ],
  ['is of a hundred thousand characters', () => ours({}, { pad: 'x'.repeat(75_000), aud: 'tocsin' })],
];

describe('a token is refused that', () => {
  it.each([
    ...unsignedOnes,
    ...algorithms,
    ...kids,
    ...twoKeys,
    ...headers,
    ...idTokens,
    ...claims,
    ...tampered,
  ])('%s', async (_, token) => {
    expect(await ask(`Bearer ${token()}`)).toMatchObject(refusal('token-invalid'));
  });

  it('has expired, be it a second ago or now', async () => {
    for (const exp of [now() - 1, now()]) {
      const token = ours({}, { iat: exp - 15 * minute, exp });
      expect(await ask(`Bearer ${token}`)).toMatchObject(refusal('token-expired'));
    }
  });

  it('ends in any of the three other characters that decode to the same bytes', async () => {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = characters.indexOf(honest.token.at(-1) ?? '');
    // 256 bits take 43 characters of six, of which the last has two bits too many.
    for (const padding of [1, 2, 3]) {
      const twin = `${honest.token.slice(0, -1)}${characters[last + padding]}`;
      const bytes = [twin, honest.token].map((token) => Buffer.from(token.split('.')[2] ?? '', 'base64url'));
      expect(bytes[0]).toEqual(bytes[1]);
      expect(await ask(`Bearer ${twin}`)).toMatchObject(refusal('token-invalid'));
    }
  });

  it('is of a session that has ended', async () => {
    const other = await api.person();
    const body = { refreshToken: other.refreshToken };
    await api.call({ method: 'POST', url: '/v1/auth/logout', body });
    expect(await ask(`Bearer ${other.accessToken}`)).toMatchObject(refusal('session-ended'));
    const borrowed = ours({}, { sid: read(other.accessToken, 1)['sid'] });
    expect(await ask(`Bearer ${borrowed}`)).toMatchObject(refusal('session-ended'));
  });
});

describe('what is believed', () => {
  it('is what the api gave, and what is signed like it', async () => {
    for (const token of [honest.token, ours(), ours({}, { exp: now() + minute })]) {
      expect((await ask(`Bearer ${token}`)).status).toBe(200);
    }
  });

  it('may say more than we know, as a later version might, and be of a clock that is ahead', async () => {
    const tokens = [
      ours({}, { scope: 'all', jti: newId(), nbf: now() - minute }),
      ours({}, { iat: now() + 30, exp: now() + 30 + 15 * minute }),
    ];
    for (const token of tokens) expect((await ask(`Bearer ${token}`)).status).toBe(200);
  });

  it('may be signed with the previous secret, until that is not named any more', async () => {
    const token = forged(headerOf(previousSecret), honest.claims, hmac(previousSecret));
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    const withoutPrevious = loadConfig({ JWT_SECRET: jwtSecret, LOG_LEVEL: 'silent' });
    const dropped = new AccessTokens(new JwtService(), withoutPrevious);
    expect(dropped.read(honest.token)).toMatchObject({ userId: person.id });
    expect(() => dropped.read(token)).toThrow(expect.objectContaining({ code: 'identity.token-invalid' }));
  });

  it('is given anew with the current secret only', () => {
    expect(read(honest.token, 0)).toEqual(header);
  });
});

describe('a token counts only', () => {
  it.each(['Bearer ', 'bearer ', 'BEARER ', 'Bearer   '])('after "%s"', async (scheme) => {
    expect((await ask(`${scheme}${honest.token}`)).status).toBe(200);
  });

  it.each([
    ['without a scheme', (token: string) => token],
    ['after another scheme', (token: string) => `Basic ${token}`],
    ['after the scheme DPoP', (token: string) => `DPoP ${token}`],
    ['after a scheme that begins like it', (token: string) => `BearerX ${token}`],
    ['after the scheme twice', (token: string) => `Bearer Bearer ${token}`],
    ['directly after the scheme', (token: string) => `Bearer${token}`],
    ['after a tab', (token: string) => `Bearer\t${token}`],
    ['before something else', (token: string) => `Bearer ${token} x`],
    ['in two pieces', (token: string) => `Bearer ${token.slice(0, 20)} ${token.slice(20)}`],
    ['not at all', () => 'Bearer '],
    ['as nothing', () => ''],
  ])('not %s', async (_, authorization) => {
    expect(await ask(authorization(honest.token))).toMatchObject(refusal('token-missing'));
  });

  it('not in the query, a body or a cookie', async () => {
    const { token } = honest;
    const cookie = (name: string) => ({ headers: { cookie: `${name}=${token}` } });
    const answers = [
      await api.call({ url: `/v1/alerts?access_token=${token}` }),
      await api.call({ method: 'POST', url: '/v1/alerts', body: { access_token: token } }),
      await api.call({ url: '/v1/alerts', ...cookie('access_token') }),
    ];
    for (const answer of answers) expect(answer).toMatchObject(refusal('token-missing'));
    const asSession = await api.call({ url: '/v1/alerts', ...cookie('__Host-tocsin-session') });
    expect(asSession).toMatchObject(refusal('session-ended'));
  });
});

describe('on the wire', () => {
  let port: number;
  beforeAll(async () => {
    await api.app.listen(0, '127.0.0.1');
    port = (api.app.getHttpServer().address() as AddressInfo).port;
  });

  /** The status and the code of the answer to these header fields, in this order. */
  const send = (...headers: string[]) =>
    new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
      const sent = request(
        { port, host: '127.0.0.1', path: '/v1/me', headers: ['Host', 'localhost', ...headers] },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          answer.on('end', () => resolve([answer.statusCode, (JSON.parse(text) as { code?: string }).code]));
        },
      );
      sent.on('error', reject).end();
    });

  it('a token of a hundred thousand characters is too long, and the api goes on', async () => {
    expect(await send('Authorization', `Bearer ${'x'.repeat(100_000)}`)).toEqual([
      431,
      'http.headers-too-large',
    ]);
    expect(await send('Authorization', `Bearer ${honest.token}`)).toEqual([200, undefined]);
  });

  it.each([
    ['good and bad', () => [honest.token, 'bad']],
    ['bad and good', () => ['bad', honest.token]],
    ['the same', () => [honest.token, honest.token]],
  ])('two of them are refused: %s', async (_, tokens) => {
    const fields = tokens().flatMap((token, index) => [
      index ? 'authorization' : 'Authorization',
      `Bearer ${token}`,
    ]);
    expect(await send(...fields)).toEqual([401, 'identity.token-invalid']);
  });
});

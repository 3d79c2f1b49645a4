import { headerOf } from './access-token.ts';
import { jwtSecret } from './api.ts';
import { type Asker, type Askers, bearer, cookie } from './askers.ts';
import { forged, hmac, read, unsigned } from './forged-token.ts';

/** Administrators who are nobody by what they send: it is none, none of ours, or not good any more. */
export async function unknownAskers(askers: Askers): Promise<Asker[]> {
  return [...(await forgers(askers)), ...(await ended(askers))];
}

async function forgers(askers: Askers): Promise<Asker[]> {
  const { accessToken } = await askers.session('admin');
  const page = await askers.page('admin');
  const claims = read(accessToken, 1);
  const header = headerOf(jwtSecret);
  const earlier = { iat: Number(claims['iat']) - 3600, exp: Number(claims['exp']) - 3600 };
  const invalid = {
    'a malformed token': 'not.a.token',
    'a token without its signature': accessToken.slice(0, accessToken.lastIndexOf('.') + 1),
    'a token of no algorithm': forged({ ...header, alg: 'none' }, claims, unsigned),
    'a token of another algorithm': forged({ ...header, alg: 'HS512' }, claims, hmac(jwtSecret, 'sha512')),
    'a token of another secret': forged(header, claims, hmac(`${jwtSecret}!`)),
  };
  const missing = '401 identity.token-missing';
  return [
    { name: 'nobody', headers: {}, refusal: missing },
    { name: 'another scheme', headers: { authorization: `Basic ${accessToken}` }, refusal: missing },
    ...Object.entries(invalid).map(([name, token]) => ({
      name,
      headers: bearer(token),
      refusal: '401 identity.token-invalid',
    })),
    {
      name: 'a malformed token beside a good cookie',
      headers: { ...page.headers, ...bearer('not.a.token') },
      refusal: '401 identity.token-invalid',
    },
    {
      name: 'an expired token',
      headers: bearer(forged(header, { ...claims, ...earlier }, hmac(jwtSecret))),
      refusal: '401 identity.token-expired',
    },
    {
      name: 'a cookie that was never given',
      headers: { ...page.headers, ...cookie('A'.repeat(43)) },
      refusal: '401 identity.session-ended',
    },
    {
      name: 'a key that was never given',
      headers: bearer(`tocsin_${'A'.repeat(43)}`),
      refusal: '401 identity.key-invalid',
    },
  ];
}

async function ended(askers: Askers): Promise<Asker[]> {
  const { call, database } = askers.api;
  const session = await askers.session('admin');
  await call({ method: 'POST', url: '/v1/auth/logout', body: { refreshToken: session.refreshToken } });
  const page = await askers.page('admin');
  await call({ method: 'DELETE', url: '/v1/auth/web-session', headers: page.headers });
  const expired = await askers.key('admin', ['alerts:read']);
  await database.sql`update identity.api_keys set expires_at = now() where id = ${expired.id}`;
  const revoked = await askers.key('admin', ['alerts:read']);
  await database.sql`delete from identity.api_keys where id = ${revoked.id}`;
  const banned = await askers.key('admin', ['alerts:read']);
  await database.sql`update identity.users set banned_at = now() where id = ${banned.userId}`;
  const over = '401 identity.session-ended';
  return [
    { name: 'the token of a session that has ended', headers: session.headers, refusal: over },
    { name: 'the cookie of a session that has ended', headers: page.headers, refusal: over },
    { name: 'a key that has expired', headers: expired.headers, refusal: '401 identity.key-expired' },
    { name: 'a key that was revoked', headers: revoked.headers, refusal: '401 identity.key-invalid' },
    { name: 'a key of somebody banned', headers: banned.headers, refusal: '403 identity.banned' },
  ];
}

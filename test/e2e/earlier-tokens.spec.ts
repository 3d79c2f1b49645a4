import { JwtService } from '@nestjs/jwt';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EarlierTokens } from '../../libs/identity/src/http/earlier-tokens.ts';
import { type Api, type Caller, jwtSecret, startApi } from '../support/api.ts';

describe('an access token of a version before sessions ended at once', () => {
  let api: Api;
  let person: Caller;
  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'));
    person = await api.person();
  });
  afterAll(() => api.close());

  const earlier = (secret = jwtSecret, header: object = {}) =>
    new JwtService({}).sign(
      { sub: person.id, role: 'user', iss: 'tocsin', aud: 'tocsin-api' },
      { secret, algorithm: 'HS256', expiresIn: 60, header: { alg: 'HS256', typ: 'JWT', ...header } },
    );
  const statusWith = async (accessToken: string) =>
    (await api.call({ url: '/v1/alerts', as: { ...person, accessToken } })).status;

  /** As if the tables of accounts had come so long ago, and those of users a minute before them. */
  async function upgraded(ago: string): Promise<void> {
    await api.database.sql`
      update platform.migrations set executed_at = now() - ${ago}::interval
        - case name when '20261121000100_identity_users' then interval '1 minute' else interval '0' end
      where name like '%_identity_%'`;
    await api.app.get(EarlierTokens).onApplicationBootstrap();
  }

  it('is refused where that version never was', async () => {
    expect(await statusWith(earlier())).toBe(401);
  });

  it('is believed while the two versions may run side by side, as its own words are and no others', async () => {
    await upgraded('59 minutes');
    expect(await statusWith(earlier())).toBe(200);
    expect(await statusWith(earlier(`${jwtSecret}!`))).toBe(401);
    expect(await statusWith(earlier(jwtSecret, { typ: 'at+jwt' }))).toBe(401);
    expect(await statusWith(person.accessToken)).toBe(200);
  });

  it('is refused without an end, and a quarter of an hour after it was given, whatever it says', async () => {
    await upgraded('59 minutes');
    const given = (iat: number, expiresIn?: number) =>
      new JwtService({}).sign(
        { sub: person.id, role: 'user', iss: 'tocsin', aud: 'tocsin-api', iat },
        { secret: jwtSecret, algorithm: 'HS256', ...(expiresIn !== undefined && { expiresIn }) },
      );
    const now = Math.floor(Date.now() / 1000);
    expect(await statusWith(given(now - 14 * 60, 3_600))).toBe(200);
    expect(await statusWith(given(now - 16 * 60, 3_600))).toBe(401);
    expect(await statusWith(given(now))).toBe(401);
  });

  it('counts as long as its account does, with the role that it has', async () => {
    await upgraded('59 minutes');
    await api.database.sql`update identity.users set banned_at = now() where id = ${person.id}`;
    expect(await statusWith(earlier())).toBe(401);
    await api.database
      .sql`update identity.users set banned_at = null, role = 'admin' where id = ${person.id}`;
    const asked = { url: '/v1/users', as: { ...person, accessToken: earlier() } };
    expect((await api.call(asked)).status).toBe(200);
    await api.database.sql`update identity.users set role = 'user' where id = ${person.id}`;
    expect((await api.call(asked)).status).toBe(403);
  });

  it('is refused an hour later', async () => {
    await upgraded('61 minutes');
    expect(await statusWith(earlier())).toBe(401);
  });
});

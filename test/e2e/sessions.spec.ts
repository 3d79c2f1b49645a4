import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Api, type Caller, startApi } from '../support/api.ts';
import { scaled } from '../support/scale.ts';

const families = scaled(20, 1_000);
const uses = 20;

describe('a session', () => {
  let api: Api;
  let ada: Caller;

  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off', HOST: '127.0.0.1' });
    ada = await api.person('user', 'ada@example.org');
  });
  afterAll(() => api.close());

  const logIn = async (): Promise<string> => {
    const body = { email: ada.email, password: ada.password };
    const answer = await api.call<{ refreshToken: string }>({
      method: 'POST',
      url: '/v1/auth/login',
      body,
    });
    return answer.body.refreshToken;
  };
  const logOut = (refreshToken: string) =>
    api.call({ method: 'POST', url: '/v1/auth/logout', body: { refreshToken } });
  /** The next token, or null where the answer is the one 401 that there is. */
  const refresh = async (refreshToken: string): Promise<string | null> => {
    const { status, body } = await api.call<{ refreshToken: string; code: string }>({
      method: 'POST',
      url: '/v1/auth/refresh',
      body: { refreshToken },
    });
    if (status === 200) return body.refreshToken;
    expect([status, body.code]).toEqual([401, 'identity.refresh-token-invalid']);
    return null;
  };
  const next = async (refreshToken: string): Promise<string> => {
    const token = await refresh(refreshToken);
    if (token === null) throw new Error('The session is over.');
    return token;
  };
  /** As if all uses until now had been six seconds earlier. */
  const sixSecondsPass = () =>
    api.database.sql`update identity.refresh_tokens set used_at = used_at - interval '6 seconds'`;
  const kept = async () => {
    const [counts] = await api.database.sql<{ sessions: number; tokens: number }>`
      select (select count(*) from identity.sessions where user_id = ${ada.id}) as sessions,
        (select count(*) from identity.refresh_tokens where user_id = ${ada.id}) as tokens`;
    return counts;
  };

  it(`goes on with one of ${uses} parallel uses of each of ${families} tokens, and ends with a late one`, async () => {
    for (let round = 0; round < families; round += 1) {
      const first = await logIn();
      const answers = await Promise.all(Array.from({ length: uses }, () => refresh(first)));
      const [second = '', ...others] = answers.filter((token) => token !== null);
      expect(others).toEqual([]);
      const third = await next(second);
      await sixSecondsPass();
      expect(await refresh(first)).toBeNull();
      expect(await refresh(third)).toBeNull();
    }
  });

  it('goes on after its token was used twice within five seconds', async () => {
    const first = await logIn();
    const second = await next(first);
    expect(await refresh(first)).toBeNull();
    expect(await refresh(second)).not.toBeNull();
  });

  it('ends with a late use, also while its next token is being taken, and no other one does', async () => {
    const other = await logIn();
    const first = await logIn();
    const second = await next(first);
    await sixSecondsPass();
    const waiting = async () => {
      const [counted] = await api.database.sql<{ count: number }>`
        select count(*) as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return counted?.count;
    };
    // Both come while somebody else holds their rows, so the one is under way when the other ends the session.
    const held = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const holder = api.database.transaction(async () => {
      await api.database.sql`select token_hash from identity.refresh_tokens where used_at is null for update`;
      holding.resolve();
      await held.promise;
    });
    await holding.promise;
    const taking = refresh(second);
    await expect.poll(waiting).toBe(1);
    const ending = refresh(first);
    await expect.poll(waiting).toBe(2);
    held.resolve();
    await holder;
    expect(await ending).toBeNull();
    const third = (await taking) ?? '';
    expect(third).not.toBe('');
    expect(await refresh(third)).toBeNull();
    expect(await refresh(other)).not.toBeNull();
  });

  it('is logged out of by any of its tokens, and leaves nothing behind', async () => {
    const before = await kept();
    const first = await logIn();
    const second = await next(first);
    expect((await logOut(first)).status).toBe(204);
    expect(await refresh(second)).toBeNull();
    expect(await kept()).toEqual(before);
  });

  it('begins for a token that an older version gave', async () => {
    const first = await logIn();
    await api.database.sql`update identity.refresh_tokens set session_id = null`;
    const second = await next(first);
    const third = await next(second);
    await sixSecondsPass();
    expect(await refresh(second)).toBeNull();
    expect(await refresh(third)).toBeNull();
  });

  it('leaves nothing behind when it has expired', async () => {
    await api.database.sql`update identity.refresh_tokens set expires_at = now()`;
    await logIn();
    expect(await kept()).toEqual({ sessions: 1, tokens: 1 });
  });
});

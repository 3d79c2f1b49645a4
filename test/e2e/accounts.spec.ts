import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountMails, mailedToken, tokenIn } from '../support/account-mails.ts';
import { type Api, type Caller, startApi } from '../support/api.ts';

const password = 'correct horse battery staple';
const nextPassword = 'another horse battery staple';
const post = (api: Api, route: string, body: object) =>
  api.call<Record<string, string>>({ method: 'POST', url: `/v1/auth/${route}`, body });
const somebody = () => `${crypto.randomUUID()}@example.org`;
const invalid = { status: 401, body: { code: 'identity.mailed-token-invalid' } };
const wrong = { status: 401, body: { code: 'identity.wrong-credentials' } };

describe('where addresses are confirmed', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'), { EMAIL_VERIFICATION: 'required', RATE_LIMIT: 'off' });
    // The first one is the administrator.
    await api.person('admin');
  });
  afterAll(() => api.close());

  const register = (email: string, chosen = password) =>
    post(api, 'register', { email, password: chosen, name: 'Ada <b>' });
  const logIn = (email: string, chosen = password) => post(api, 'login', { email, password: chosen });
  const confirm = (token: string) => post(api, 'verify-email', { token });
  const subjects = async (email: string) => (await accountMails(api, email)).map(({ subject }) => subject);

  /** Somebody who registered, confirmed and logged in. */
  async function confirmed(): Promise<Caller> {
    const email = somebody();
    await register(email);
    await confirm(await mailedToken(api, email));
    const { body } = await logIn(email);
    return {
      id: '',
      email,
      password,
      accessToken: body['accessToken'] ?? '',
      refreshToken: body['refreshToken'] ?? '',
    };
  }
  const me = (as: Caller) => api.call({ url: '/v1/me', as });
  const edit = (as: Caller, body: object) => api.call({ method: 'PATCH', url: '/v1/me', as, body });

  describe('a registration', () => {
    it('is an account once the mailed token was used, with the id that was told', async () => {
      const email = somebody();
      const registered = await register(email);
      expect(registered).toMatchObject({ status: 201, body: { email, emailVerified: false, role: 'user' } });
      expect(await logIn(email)).toMatchObject(wrong);
      const token = await mailedToken(api, email);
      expect((await confirm(token)).status).toBe(204);
      const { body } = await logIn(email);
      const as = { id: '', email, password, accessToken: body['accessToken'] ?? '', refreshToken: '' };
      expect((await me(as)).body).toEqual({
        id: registered.body['id'],
        email,
        emailVerified: true,
        pendingEmail: null,
        name: 'Ada <b>',
        role: 'user',
        hasPassword: true,
        createdAt: expect.any(String),
      });
      expect(await confirm(token)).toMatchObject(invalid);
    });

    it('is mailed with no word of whoever registered', async () => {
      const email = somebody();
      await register(email);
      const [mail] = await accountMails(api, email);
      for (const part of [mail?.subject, mail?.text, mail?.html]) {
        expect(part).not.toContain('Ada');
        expect(part).not.toContain(email.split('@')[0]);
      }
    });

    it('of an address that has an account is answered the same, and mails its owner', async () => {
      const { email } = await confirmed();
      const free = await register(somebody());
      const taken = await register(email, nextPassword);
      expect({ ...taken.body, id: '', email: '' }).toEqual({ ...free.body, id: '', email: '' });
      expect(taken.status).toBe(free.status);
      expect(String(taken.body['id'])).toHaveLength(String(free.body['id']).length);
      expect(await subjects(email)).toEqual(['Confirm your address', 'You have an account already']);
      expect(await logIn(email, nextPassword)).toMatchObject(wrong);
      expect((await logIn(email)).status).toBe(200);
    });

    it.each([
      ['before its owner', 1, 0],
      ['after its owner', 0, 1],
      ['so often before its owner that no mail is left', 3, 0],
    ])('gives a stranger nothing who registers the address %s', async (_, before, after) => {
      const email = somebody();
      for (let turn = 0; turn < before; turn += 1) await register(email, nextPassword);
      await register(email);
      for (let turn = 0; turn < after; turn += 1) await register(email, nextPassword);
      // Whichever mail the owner finds.
      for (const mail of await accountMails(api, email)) await confirm(tokenIn(mail));
      expect(await logIn(email, nextPassword)).toMatchObject(wrong);
      expect((await subjects(email)).at(-1)).toBe('Choose your password');
      const token = await mailedToken(api, email);
      const chosen = 'a third horse battery staple';
      expect((await post(api, 'reset-password', { token, password: chosen })).status).toBe(204);
      expect((await logIn(email, chosen)).status).toBe(200);
    });

    it('is mailed again on demand, and a stranger who registers meanwhile gains nothing by it', async () => {
      const email = somebody();
      await register(email);
      await register(email, nextPassword);
      await post(api, 'resend-verification', { email });
      await confirm(await mailedToken(api, email));
      expect(await logIn(email, nextPassword)).toMatchObject(wrong);
    });

    it('makes one account of two tokens that are used at once', async () => {
      const email = somebody();
      await register(email);
      const first = await mailedToken(api, email);
      await register(email);
      const second = await mailedToken(api, email);
      const answers = await Promise.all([first, second, first, second].map(confirm));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 401, 401, 401]);
    });

    it('expires after a day', async () => {
      const email = somebody();
      await register(email);
      const token = await mailedToken(api, email);
      await api.database.sql`
        update identity.registrations set expires_at = now() - interval '1 second' where email = ${email}`;
      expect(await confirm(token)).toMatchObject(invalid);
      expect(await logIn(email)).toMatchObject(wrong);
    });

    it('is kept without its token, which is nowhere in the clear but in the mail', async () => {
      const email = somebody();
      await register(email);
      const token = await mailedToken(api, email);
      const kept = await api.database.sql`
        select registration.email::text as kept from identity.registrations as registration
        where registration::text like ${`%${token}%`}
        union all select payload::text from platform.outbox where payload::text like ${`%${token}%`}`;
      expect(kept).toEqual([]);
    });
  });

  describe('the mail that confirms', () => {
    const again = (email: string) => post(api, 'resend-verification', { email });

    it('comes once more on demand, and only its token counts then', async () => {
      const email = somebody();
      await register(email);
      const first = await mailedToken(api, email);
      expect((await again(email)).status).toBe(202);
      const second = await mailedToken(api, email);
      expect(await confirm(first)).toMatchObject(invalid);
      expect((await confirm(second)).status).toBe(204);
    });

    it('is not sent to strangers or to who has an account, and is answered the same', async () => {
      const stranger = somebody();
      const { email } = await confirmed();
      const answers = [await again(stranger), await again(email)];
      expect(answers.map(({ status, body }) => [status, body])).toEqual([
        [202, undefined],
        [202, undefined],
      ]);
      expect(await subjects(stranger)).toEqual([]);
      expect(await subjects(email)).toEqual(['Confirm your address']);
    });

    it('comes at most three times a day, however often somebody asks', async () => {
      const email = somebody();
      const asked = Array.from({ length: 40 }, (_, index) => (index % 4 ? again(email) : register(email)));
      const statuses = new Set((await Promise.all(asked)).map(({ status }) => status));
      expect(statuses).toEqual(new Set([201, 202]));
      expect(await subjects(email)).toHaveLength(3);
      const tokens = (await accountMails(api, email)).map(tokenIn);
      const answers = [];
      for (const token of tokens) answers.push((await confirm(token)).status);
      expect(answers).toContain(204);
    });
  });

  describe('a forgotten password', () => {
    const forget = (email: string) => post(api, 'forgot-password', { email });
    const reset = (token: string, chosen = nextPassword) =>
      post(api, 'reset-password', { token, password: chosen });

    it('is replaced by the mailed token, once, and everything that was open is closed', async () => {
      const person = await confirmed();
      const { body: made } = await api.call<{ key: string }>({
        method: 'POST',
        url: '/v1/api-keys',
        as: person,
        body: { name: 'A script', scopes: ['alerts:read'] },
      });
      await forget(person.email);
      const token = await mailedToken(api, person.email);
      expect((await reset(token)).status).toBe(204);
      expect(await reset(token)).toMatchObject(invalid);
      expect(await me(person)).toMatchObject({ status: 401, body: { code: 'identity.session-ended' } });
      const refreshed = await post(api, 'refresh', { refreshToken: person.refreshToken });
      expect(refreshed.status).toBe(401);
      const byKey = await api.call({ url: '/v1/alerts', headers: { authorization: `Bearer ${made.key}` } });
      expect(byKey.status).toBe(401);
      expect(await logIn(person.email)).toMatchObject(wrong);
      expect((await logIn(person.email, nextPassword)).status).toBe(200);
      expect(await subjects(person.email)).toEqual([
        'Confirm your address',
        'Set a new password',
        'Your password was changed',
      ]);
    });

    it('is answered the same for an address without an account, and mails nobody', async () => {
      const stranger = somebody();
      expect(await forget(stranger)).toMatchObject({ status: 202 });
      expect(await subjects(stranger)).toEqual([]);
    });

    it('leaves the token good when the new password is refused', async () => {
      const { email } = await confirmed();
      await forget(email);
      const token = await mailedToken(api, email);
      expect(await reset(token, email)).toMatchObject({
        status: 422,
        body: { code: 'identity.password-common', errors: [{ pointer: '/password' }] },
      });
      expect((await reset(token)).status).toBe(204);
    });

    const hoursLeft = async (email: string) => {
      const { hours } = await api.database.one<{ hours: number }>`
        select round(extract(epoch from mailed.expires_at - now()) / 3600)::integer as hours
        from identity.mailed_tokens as mailed join identity.users as owner on owner.id = mailed.user_id
        where owner.email = ${email}`;
      return hours;
    };

    it('mails at most three tokens a day, of which the last counts: for an hour, or until there may be another', async () => {
      const { email } = await confirmed();
      await forget(email);
      const first = await mailedToken(api, email);
      expect(await hoursLeft(email)).toBe(1);
      await Promise.all(Array.from({ length: 10 }, () => forget(email)));
      const tokens = (await accountMails(api, email)).slice(1).map(tokenIn);
      expect(tokens).toHaveLength(3);
      expect(await hoursLeft(email)).toBe(24);
      expect(await reset(first)).toMatchObject(invalid);
      const statuses = [];
      for (const token of tokens) statuses.push((await reset(token)).status);
      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    });

    it('cannot be reset by a token that has expired', async () => {
      const { email } = await confirmed();
      await forget(email);
      const token = await mailedToken(api, email);
      await api.database.sql`
        update identity.mailed_tokens set expires_at = now() - interval '1 second'
        where user_id in (select id from identity.users where email = ${email})`;
      expect(await reset(token)).toMatchObject(invalid);
    });

    it('is no token that confirms an address, and the other way round', async () => {
      const { email } = await confirmed();
      await forget(email);
      expect(await confirm(await mailedToken(api, email))).toMatchObject(invalid);
      const newcomer = somebody();
      await register(newcomer);
      expect(await reset(await mailedToken(api, newcomer))).toMatchObject(invalid);
    });
  });

  describe("one's own account", () => {
    it('has the name that one gives it, or none', async () => {
      const person = await confirmed();
      expect((await edit(person, { name: ' Grace ' })).body['name']).toBe('Grace');
      expect((await edit(person, { name: null })).body['name']).toBeNull();
    });

    it('gets another password from who knows the current one; other sessions end', async () => {
      const person = await confirmed();
      const other = await logIn(person.email);
      const denied = await edit(person, { password: nextPassword, currentPassword: 'incorrect horse' });
      expect(denied).toMatchObject({
        status: 422,
        body: { code: 'identity.wrong-password', errors: [{ pointer: '/currentPassword' }] },
      });
      expect(await edit(person, { password: nextPassword })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/currentPassword' }] },
      });
      expect((await edit(person, { password: nextPassword, currentPassword: password })).status).toBe(200);
      expect((await me(person)).status).toBe(200);
      expect((await me({ ...person, accessToken: other.body['accessToken'] ?? '' })).status).toBe(401);
      expect((await post(api, 'refresh', { refreshToken: person.refreshToken })).status).toBe(200);
      expect(await logIn(person.email)).toMatchObject(wrong);
      expect((await subjects(person.email)).at(-1)).toBe('Your password was changed');
    });

    it('moves to another address once that is confirmed; the old one hears of it before and after', async () => {
      const person = await confirmed();
      const next = somebody();
      const asked = await edit(person, { email: next, currentPassword: password });
      expect(asked.body).toMatchObject({ email: person.email, pendingEmail: next });
      expect(await logIn(next)).toMatchObject(wrong);
      const token = await mailedToken(api, next);
      expect((await confirm(token)).status).toBe(204);
      expect((await me(person)).body).toMatchObject({ email: next, pendingEmail: null });
      expect((await logIn(next)).status).toBe(200);
      expect(await logIn(person.email)).toMatchObject(wrong);
      expect((await subjects(person.email)).slice(1)).toEqual([
        'Your address is to be changed',
        'Your address was changed',
      ]);
    });

    it('does not move to an address that has an account, which is answered the same', async () => {
      const person = await confirmed();
      const owner = await confirmed();
      const asked = await edit(person, { email: owner.email, currentPassword: password });
      expect(asked).toMatchObject({ status: 200, body: { pendingEmail: owner.email } });
      expect((await subjects(owner.email)).slice(1)).toEqual(['You have an account already']);
      expect((await me(person)).body['email']).toBe(person.email);
    });

    it('stays where it is when the address is taken before the token is used', async () => {
      const person = await confirmed();
      const next = somebody();
      await edit(person, { email: next, currentPassword: password });
      const token = await mailedToken(api, next);
      await register(next, nextPassword);
      await confirm(await mailedToken(api, next));
      expect(await confirm(token)).toMatchObject(invalid);
      expect((await me(person)).body['email']).toBe(person.email);
    });

    it('is taken back from who knows its password by the mail that tells of the new address', async () => {
      const person = await confirmed();
      // What a thief would do first, so that no mail for a forgotten password is left.
      for (let turn = 0; turn < 4; turn += 1) await post(api, 'forgot-password', { email: person.email });
      await accountMails(api, person.email);
      const thiefs = somebody();
      for (let turn = 0; turn < 5; turn += 1) {
        await edit(person, { email: turn < 4 ? somebody() : thiefs, currentPassword: password });
        // One after the other, so that the last mail is the newest.
        await accountMails(api, person.email);
      }
      const token = await mailedToken(api, person.email);
      expect((await post(api, 'reset-password', { token, password: nextPassword })).status).toBe(204);
      expect(await confirm(await mailedToken(api, thiefs))).toMatchObject(invalid);
    });

    it('does not move any more once the password was changed', async () => {
      const person = await confirmed();
      const next = somebody();
      await edit(person, { email: next, currentPassword: password });
      const token = await mailedToken(api, next);
      await edit(person, { password: nextPassword, currentPassword: password });
      expect(await confirm(token)).toMatchObject(invalid);
    });

    it('is gone once it is deleted, with every way into it; the address is free again', async () => {
      const person = await confirmed();
      const { body: made } = await api.call<{ key: string }>({
        method: 'POST',
        url: '/v1/api-keys',
        as: person,
        body: { name: 'A script', scopes: ['alerts:read'] },
      });
      expect((await api.call({ method: 'DELETE', url: '/v1/me', as: person })).status).toBe(204);
      expect(await me(person)).toMatchObject({ status: 401, body: { code: 'identity.session-ended' } });
      const byKey = await api.call({ url: '/v1/alerts', headers: { authorization: `Bearer ${made.key}` } });
      expect(byKey.status).toBe(401);
      expect((await post(api, 'refresh', { refreshToken: person.refreshToken })).status).toBe(401);
      expect(await logIn(person.email)).toMatchObject(wrong);
      await register(person.email, nextPassword);
      expect((await confirm(await mailedToken(api, person.email))).status).toBe(204);
      expect((await logIn(person.email, nextPassword)).status).toBe(200);
    });

    it.each([
      ['nothing', {}, ''],
      ['what cannot be changed', { role: 'admin' }, '/role'],
      ['no address', { email: 'ada', currentPassword: password }, '/email'],
      ['a short password', { password: 'short', currentPassword: password }, '/password'],
      ['two lines of name', { name: 'a\nb' }, '/name'],
    ])('refuses %s', async (_, body, pointer) => {
      const person = await confirmed();
      expect(await edit(person, body)).toMatchObject({
        status: 422,
        body: { errors: expect.arrayContaining([expect.objectContaining({ pointer })]) },
      });
    });
  });
});

describe('where addresses are not confirmed', () => {
  let api: Api;
  let admin: Caller;
  beforeAll(async () => {
    api = await startApi(inject('postgresUrl'), { RATE_LIMIT: 'off' });
    admin = await api.person('admin');
  });
  afterAll(() => api.close());

  const edit = (as: Caller, body: object) => api.call({ method: 'PATCH', url: '/v1/me', as, body });
  const remove = (as: Caller) => api.call({ method: 'DELETE', url: '/v1/me', as });
  const audited = async (as: Caller) => {
    const { body } = await api.call<{ items: { type: string }[] }>({ url: '/v1/me/audit', as });
    return body.items.map(({ type }) => type).toReversed();
  };

  it('an account moves at once, but not to the address of another one', async () => {
    const [ada, bob] = [await api.person(), await api.person()];
    const to = (email: string) => edit(ada, { email, currentPassword: ada.password });
    expect(await to(bob.email)).toMatchObject({ status: 409, body: { code: 'identity.email-taken' } });
    const next = somebody();
    expect((await to(next)).body).toMatchObject({ email: next, pendingEmail: null });
    expect(await audited(ada)).toEqual(['registered', 'signed-in', 'address-changed']);
  });

  it('whoever reads the old address is told, and nothing that was mailed there is good for anything', async () => {
    const ada = await api.person();
    await post(api, 'forgot-password', { email: ada.email });
    const token = await mailedToken(api, ada.email);
    await edit(ada, { email: somebody(), currentPassword: ada.password });
    expect(await post(api, 'reset-password', { token, password: nextPassword })).toMatchObject(invalid);
    const subjects = (await accountMails(api, ada.email)).map(({ subject }) => subject);
    expect(subjects).toEqual(['Set a new password', 'Your address was changed']);
  });

  it('the only administrator stays as long as others are there, also of two who go at once', async () => {
    await api.person();
    expect(await remove(admin)).toMatchObject({ status: 409, body: { code: 'identity.last-admin' } });
    const other = await api.person('admin');
    const statuses = (await Promise.all([admin, other].map(remove))).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 409]);
  });

  it('requests beside the deletion of their account are answered or refused, and nothing is an error of ours', async () => {
    const ada = await api.person();
    const statuses = new Set<number>();
    const others = Array.from({ length: 60 }, async (_, turn) => {
      const changed = turn % 3 === 0 ? { name: 'Ada' } : { password: nextPassword, currentPassword: 'wrong' };
      const answer = turn % 2 ? await api.call({ url: '/v1/me', as: ada }) : await edit(ada, changed);
      statuses.add(answer.status);
    });
    const deleted = await remove(ada);
    await Promise.all(others);
    expect(deleted.status).toBe(204);
    expect([...statuses].filter((status) => ![200, 401, 422].includes(status))).toEqual([]);
  });
});

describe('the only person at an installation', () => {
  it('may go, and whoever comes next is its administrator', async () => {
    const api = await startApi(inject('postgresUrl'));
    try {
      const admin = await api.person('admin');
      expect((await api.call({ method: 'DELETE', url: '/v1/me', as: admin })).status).toBe(204);
      const { body } = await post(api, 'register', { email: somebody(), password });
      expect(body['role']).toBe('admin');
    } finally {
      await api.close();
    }
  });
});

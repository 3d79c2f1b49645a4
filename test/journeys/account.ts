import { expect, it, vi } from 'vitest';
import {
  createNotification,
  editProfile,
  forgotPassword,
  getProfile,
  logIn,
  logOut,
  refresh,
  register,
  resetPassword,
  sendNotification,
  verifyEmail,
} from '../support/client/index.ts';
import type { Installation } from '../support/installation.ts';
import { clientOf } from '../support/person.ts';
import { linesThatTell } from '../support/told-secrets.ts';

/** Words that may appear in mails and answers, and nowhere else. */
const passwords = ['correct horse battery canary', 'another horse battery canary', 'incorrect horse canary'];
const addresses = ['canary@example.org', 'second-canary@example.org'];

/** From registering to logging out, on real processes that say all they can; returns every secret that came up. */
export function liveWithAnAccount(installation: () => Installation): () => readonly string[] {
  const canaries = new Set([...passwords, ...addresses]);
  const [password = '', next = '', wrong = ''] = passwords;
  const [email = '', second = ''] = addresses;

  it('is made, recovered and moved by what comes by mail, and says nothing of it elsewhere', async () => {
    const client = clientOf(installation().urls);
    const anonymous = { client, throwOnError: true } as const;

    await register({ ...anonymous, body: { email, password, name: 'Canary' } });
    await verifyEmail({ ...anonymous, body: { token: await tokenMailedTo(email) } });
    await expect(logIn({ ...anonymous, body: { email, password: wrong } })).rejects.toMatchObject({
      code: 'identity.wrong-credentials',
    });

    await forgotPassword({ ...anonymous, body: { email } });
    await resetPassword({ ...anonymous, body: { token: await tokenMailedTo(email, 2), password: next } });
    const { data: first } = await logIn({ ...anonymous, body: { email, password: next } });
    const { data: session } = await refresh({ ...anonymous, body: { refreshToken: first.refreshToken } });
    for (const one of [first, session]) canaries.add(one.accessToken).add(one.refreshToken);
    const headers = { Authorization: `Bearer ${session.accessToken}` };
    const own = { ...anonymous, headers };

    await editProfile({ ...own, body: { email: second, currentPassword: next } });
    await verifyEmail({ ...anonymous, body: { token: await tokenMailedTo(second) } });
    const { data: profile } = await getProfile(own);
    expect(profile).toMatchObject({ email: second, pendingEmail: null });

    const { data: draft } = await createNotification({
      ...own,
      body: { subject: 'To myself', message: 'Hello', recipients: [{ channel: 'email', to: second }] },
    });
    await sendNotification({ ...own, path: { id: draft.id } });
    await mailsTo(second, 2);

    // What a hasty client sends where it does not belong.
    const [url = ''] = installation().urls;
    await fetch(`${url}/v1/alerts?access_token=${session.accessToken}&to=${email}`);
    await fetch(`${url}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"email": "${email}", "password": "${next}"`,
    });
    await logOut({ ...anonymous, body: { refreshToken: session.refreshToken } });
    await expect(getProfile(own)).rejects.toMatchObject({ code: 'identity.session-ended' });

    const { output } = installation();
    expect(output).toContain('"path":"/v1/auth/login"');
    expect(linesThatTell(output)).toEqual([]);
    for (const canary of canaries) expect(output).not.toContain(canary);
  });

  /** The token of the newest mail to an address, once there are that many. */
  async function tokenMailedTo(to: string, count = 1): Promise<string> {
    const [mail] = await mailsTo(to, count);
    const [, token = ''] = /#token=([\w-]{43})/.exec(mail?.text ?? '') ?? [];
    expect(token).not.toBe('');
    canaries.add(token);
    return token;
  }

  const mailsTo = (to: string, count: number) =>
    vi.waitFor(
      async () => {
        const mails = await installation().mails(to);
        expect(mails.length).toBeGreaterThanOrEqual(count);
        return mails;
      },
      { timeout: 30_000, interval: 100 },
    );

  return () => [...canaries];
}

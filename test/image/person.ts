import { setTimeout as delay } from 'node:timers/promises';

const { API_PORT = '3000', INBOX_PORT = '1080' } = process.env;
export const apiUrl = `http://127.0.0.1:${API_PORT}`;

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly receivedAt: string;
}

/** Somebody with an account, over the published ports. */
export class Person {
  readonly email: string;
  private readonly password: string;
  private token = '';

  constructor(email: string, password: string) {
    this.email = email;
    this.password = password;
  }

  async register(): Promise<void> {
    await this.call('POST', '/v1/auth/register', { email: this.email, password: this.password });
  }

  /** Uses the link of the mail that asks for it. */
  async confirm(): Promise<void> {
    const token = await until('the mail that confirms the address', async () => {
      const [mail] = await this.mails();
      return /#token=([\w-]+)/.exec(mail?.text ?? '')?.[1];
    });
    await this.call('POST', '/v1/auth/verify-email', { token });
  }

  async logIn(): Promise<void> {
    const session = await this.call('POST', '/v1/auth/login', { email: this.email, password: this.password });
    this.token = String(session['accessToken']);
  }

  /** The answer's body. @throws Error with it when the status is not a 2xx */
  async call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(this.token && { authorization: `Bearer ${this.token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text || '{}') as Record<string, unknown>;
  }

  async mails(): Promise<Mail[]> {
    const url = `http://127.0.0.1:${INBOX_PORT}/api/messages?to=${encodeURIComponent(this.email)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return (await response.json()) as Mail[];
  }
}

/** What `look` finds, once it finds something; asked twice a second. @throws Error naming it after two minutes */
export async function until<T>(what: string, look: () => Promise<T | false | null | undefined>): Promise<T> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`Not within two minutes: ${what}.`);
    await delay(500);
  }
}

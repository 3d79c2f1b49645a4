import { newId } from '#kernel';
import { type Role, roles, type Scope, scopes } from '#platform/http';
import { type Holder, Sessions } from '../../libs/identity/src/features/sessions.ts';
import { WebSessions } from '../../libs/identity/src/features/web-sessions.ts';
import type { Api } from './api.ts';
import { someClient } from './principal.ts';

/** Whoever, or whatever, asks the api for things. */
export interface Asker {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What it gets where not everybody may ask, if nobody is known by what it sends. */
  readonly refusal?: string;
  readonly role?: Role;
  /** Of an API key. */
  readonly scopes?: readonly Scope[];
  readonly crossSite?: boolean;
  /** The same with a session of its own, which may end. */
  readonly another?: () => Promise<Asker>;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const cookie = (secret: string) => ({ cookie: `__Host-tocsin-session=${secret}` });

/** Makes those who are known here. They have no password: hashing would take longer than all that they ask for. */
export class Askers {
  constructor(readonly api: Api) {}

  async session(role: Role, holder?: Holder) {
    const { userId } = holder ?? (await this.account(role));
    const { accessToken, refreshToken } = await this.api.app
      .get(Sessions, { strict: false })
      .open({ userId, role }, someClient);
    const name = `the role ${role}`;
    const another = () => this.session(role);
    return { name, headers: bearer(accessToken), userId, role, accessToken, refreshToken, another };
  }

  /** The session of a page; one of another site has the browser send the cookie of ours. */
  async page(role: Role, crossSite = false): Promise<Asker> {
    const secret = await this.api.app
      .get(WebSessions, { strict: false })
      .open(await this.account(role), someClient);
    const origin = crossSite ? 'https://evil.example' : this.api.config.publicUrl;
    return {
      name: `the role ${role} on ${crossSite ? 'a page of another site' : 'our page'}`,
      headers: { ...cookie(secret), origin },
      role,
      crossSite,
      another: () => this.page(role, crossSite),
    };
  }

  async key(role: Role, granted: readonly Scope[]) {
    const { userId, headers } = await this.session(role);
    const symbols = granted.includes('ticks:write') ? { symbols: ['AAPL'] } : {};
    const { body } = await this.api.call<{ id: string; key: string }>({
      method: 'POST',
      url: '/v1/api-keys',
      headers,
      body: { name: 'Key', scopes: granted, ...symbols },
    });
    const name = `the role ${role} by a key for ${granted.join(', ')}`;
    return { name, headers: bearer(body.key), role, scopes: granted, userId, id: body.id };
  }

  /** Each role in a session and on a page, and keys of each scope. */
  async known(): Promise<Asker[]> {
    const everyday = scopes.filter((scope) => scope !== 'ticks:write');
    return Promise.all([
      ...roles.flatMap((role) => [this.session(role), this.page(role)]),
      this.page('admin', true),
      ...scopes.map((scope) => this.key('admin', [scope])),
      this.key('user', everyday),
    ]);
  }

  private async account(role: Role): Promise<Holder> {
    const userId = newId();
    await this.api.database.sql`
      insert into identity.users (id, email, role, email_verified, demo, created_at)
      values (${userId}, ${`${userId}@example.org`}, ${role}, true, false, now())`;
    return { userId, role };
  }
}

import { Injectable } from '@nestjs/common';
import type { Principal } from '#platform/http';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';
import { type Client, hashOf, type Holder, newSecret, Sessions } from './sessions.ts';

/** However much it is used, a session of a page ends after this long (OWASP ASVS 5, 7.3.2). */
export const webSessionSeconds = 30 * 24 * 3600;
/** Unused for so long, it has ended (7.3.1). */
export const idleHours = 7 * 24;

/** Sessions of pages: a cookie that scripts cannot read, of which the hash is kept. */
@Injectable()
export class WebSessions {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
  ) {}

  /** The value of the cookie of a new session. */
  async open(holder: Holder, client: Client): Promise<string> {
    const secret = newSecret();
    await this.database.transaction(async () => {
      const id = await this.sessions.begin(holder, client);
      await this.database.sql`
        insert into identity.web_sessions (token_hash, session_id, expires_at)
        values (${hashOf(secret)}, ${id}, now() + make_interval(secs => ${webSessionSeconds}))`;
    });
    return secret;
  }

  /** Ends the session of a cookie, if it is one. */
  async close(secret: string): Promise<void> {
    const [found] = await this.database.sql<{ id: string; userId: string }>`
      select session.id, session.user_id as "userId"
      from identity.web_sessions as web join identity.sessions as session on session.id = web.session_id
      where web.token_hash = ${hashOf(secret)}`;
    if (found) await this.sessions.end(found.id, found.userId);
  }

  /** Whose cookie it is, asked of Postgres with each request; null when it is nobody's any more. */
  async principalOf(secret: string): Promise<Principal | null> {
    const tokenHash = hashOf(secret);
    const [found] = await this.database.sql<{
      userId: string;
      role: UserRole;
      sessionId: string;
      old: boolean;
    }>`
      select owner.id as "userId", owner.role, session.id as "sessionId",
        web.last_used_at < now() - interval '1 minute' as old
      from identity.web_sessions as web
      join identity.sessions as session on session.id = web.session_id
      join identity.users as owner on owner.id = session.user_id
      where web.token_hash = ${tokenHash} and web.expires_at > now()
        and web.last_used_at > now() - make_interval(hours => ${idleHours})`;
    if (!found) return null;
    const { old, ...principal } = found;
    if (old) {
      await this.database.sql`
        update identity.web_sessions set last_used_at = now() where token_hash = ${tokenHash}`;
    }
    return { ...principal, scopes: null };
  }
}

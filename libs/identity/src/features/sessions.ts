import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DomainError, newId } from '#kernel';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';
import { AccessTokens } from './access-tokens.ts';
import { EndedSessions } from './ended-sessions.ts';

/** So long after its last use a session that is continued by refresh tokens has ended. */
export const refreshDays = 30;

/** A signed access token for minutes and an opaque refresh token for weeks. */
export interface Session {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds until the access token expires. */
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/** Whose session it is, and what they may do. */
export interface Holder {
  readonly userId: string;
  readonly role: UserRole;
  /** Of the password that opens it; absent where another proof does. */
  readonly passwordHash?: string | null;
}

/** From where a request comes. */
export interface Client {
  /** Of the network. */
  readonly address: string;
  readonly userAgent: string | null;
}

/** Of one person; the oldest end. */
const mostSessions = 1_000;

/**
 * Opens, continues and ends sessions. The refresh tokens of a session are a family: each is used once, for the next one.
 * Only their hashes are kept, so a leaked table opens none. The row of the session decides: once it is gone, no token
 * and no cookie of it is good for anything.
 */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: AccessTokens,
    private readonly ended: EndedSessions,
  ) {}

  /** A new session that is continued by refresh tokens. */
  open(holder: Holder, client: Client): Promise<Session> {
    return this.database.transaction(async () => this.continue(await this.begin(holder, client), holder));
  }

  /**
   * The id of a new session, which takes the place of those of the same person that can no longer be continued. The
   * account, of which much may have changed while its password was looked at, stays as it is until the transaction
   * ends: whoever bans it then ends this session too.
   * @throws DomainError identity.account-changed
   */
  async begin(
    { userId, role, passwordHash = null }: Holder,
    { address, userAgent }: Client,
  ): Promise<string> {
    const unchanged = await this.database.sql`
      select id from identity.users
      where id = ${userId} and role = ${role} and banned_at is null
        and (${passwordHash}::text is null or password_hash = ${passwordHash}) for share`;
    if (unchanged.length === 0) throw accountChanged();
    await this.database.sql`
      delete from identity.refresh_tokens where user_id = ${userId} and expires_at <= now()`;
    await this.database.sql`
      delete from identity.sessions as session where user_id = ${userId}
        and not exists (
          select from identity.refresh_tokens as token
          where token.user_id = session.user_id and token.session_id = session.id)
        and not exists (
          select from identity.web_sessions as web where web.session_id = session.id and web.expires_at > now())`;
    const id = newId();
    await this.database.sql`
      insert into identity.sessions (id, user_id, address, user_agent)
      values (${id}, ${userId}, ${address}, left(${userAgent}, 200))`;
    await this.endOldest(userId);
    return id;
  }

  /** Nobody has so many open; but whoever had a million could not be banned, since all of them have to end at once. */
  private async endOldest(userId: string): Promise<void> {
    const ended = await this.database.sql<{ id: string }>`
      delete from identity.sessions where user_id = ${userId} and id in (
        select id from identity.sessions where user_id = ${userId} order by id desc offset ${mostSessions})
      returning id`;
    await this.ended.tell(ended.map(({ id }) => id));
  }

  /** The next tokens of a session. */
  async continue(id: string, { userId, role }: Holder): Promise<Session> {
    const refreshToken = newSecret();
    await this.database.sql`
      insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
      values (${hashOf(refreshToken)}, ${userId}, ${id}, now() + make_interval(days => ${refreshDays}))`;
    return { ...this.tokens.issue({ userId, role, sessionId: id }), tokenType: 'Bearer', refreshToken };
  }

  /** Nothing of this session is good for anything any more, nor is what is being given right now. False: there was none. */
  end(id: string, userId: string): Promise<boolean> {
    return this.database.transaction(async () => {
      const ended = await this.database.sql<{ id: string }>`
        delete from identity.sessions where id = ${id} and user_id = ${userId} returning id`;
      await this.database.sql`
        delete from identity.refresh_tokens where user_id = ${userId} and session_id = ${id}`;
      await this.ended.tell(ended.map((session) => session.id));
      return ended.length > 0;
    });
  }

  /** Ends all sessions of somebody, but for one where it is named. */
  async endAll(userId: string, except: string | null = null): Promise<void> {
    await this.database.transaction(async () => {
      const ended = await this.database.sql<{ id: string }>`
        delete from identity.sessions
        where user_id = ${userId} and id is distinct from ${except}::uuid returning id`;
      await this.database.sql`
        delete from identity.refresh_tokens
        where user_id = ${userId} and session_id is distinct from ${except}::uuid`;
      await this.ended.tell(ended.map(({ id }) => id));
    });
  }
}

const accountChanged = () =>
  new DomainError(
    'unauthenticated',
    'identity.account-changed',
    'The account was changed at this very moment; log in again.',
  );

/** 256 random bits, as text. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of {@link newSecret}: of so many random bits a plain hash cannot be guessed back. */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

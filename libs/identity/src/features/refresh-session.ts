import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';
import { AuditLog } from './audit-log.ts';
import { type Client, hashOf, type Session, Sessions } from './sessions.ts';

/** A client that asks twice by mistake, in two tabs or because an answer was lost, does so within these seconds. */
const mistakeSeconds = 5;

/**
 * The next tokens for a refresh token, which is used up. A second use gets none; one that comes too late for a mistake
 * shows that two have the token, one of whom stole it, and ends the session for both (RFC 9700, section 4.14.2).
 * @throws DomainError identity.refresh-token-invalid
 */
export class RefreshSession extends Command<Session> {
  constructor(
    readonly refreshToken: string,
    readonly client: Client,
  ) {
    super();
  }
}

interface Found {
  readonly user_id: string;
  /** Null in a token that an older version gave. */
  readonly session_id: string | null;
  readonly role: UserRole;
}

@CommandHandler(RefreshSession)
export class RefreshSessionHandler implements ICommandHandler<RefreshSession> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly audit: AuditLog,
  ) {}

  async execute({ refreshToken, client }: RefreshSession): Promise<Session> {
    const cameAt = performance.now();
    const tokenHash = hashOf(refreshToken);
    // Thrown below and not in here, where it would undo the end of a session.
    const session = await this.database.transaction(async () => {
      // The account before its tokens, as whoever ends all sessions locks them.
      const [found] = await this.database.sql<Found>`
        select token.user_id, token.session_id, owner.role
        from identity.refresh_tokens as token join identity.users as owner on owner.id = token.user_id
        where token.token_hash = ${tokenHash} and owner.banned_at is null
          and (token.session_id is null or exists (select from identity.sessions where id = token.session_id))
        for share of owner`;
      if (!found) return undefined;
      const { user_id: userId, session_id: id, role } = found;
      const won = await this.database.sql`
        update identity.refresh_tokens set used_at = clock_timestamp()
        where token_hash = ${tokenHash} and used_at is null and expires_at > now()
        returning token_hash`;
      if (won.length > 0) {
        const holder = { userId, role };
        return id === null ? this.sessions.open(holder, client) : this.sessions.continue(id, holder);
      }
      if (id !== null && (await this.isReuse(tokenHash, cameAt))) {
        await this.sessions.end(id, userId);
        await this.audit.record({ type: 'refresh-token-reused', userId, address: client.address });
      }
      return undefined;
    });
    if (session) return session;
    throw new DomainError(
      'unauthenticated',
      'identity.refresh-token-invalid',
      'This refresh token was used, has expired, or its session has ended; log in again.',
    );
  }

  /** Counted from when the request came, however long it waited for others here. */
  private async isReuse(tokenHash: Buffer, cameAt: number): Promise<boolean> {
    const seconds = mistakeSeconds + (performance.now() - cameAt) / 1000;
    const rows = await this.database.sql`
      select token_hash from identity.refresh_tokens
      where token_hash = ${tokenHash} and used_at < clock_timestamp() - make_interval(secs => ${seconds})`;
    return rows.length > 0;
  }
}

import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import { refreshDays } from './sessions.ts';
import { idleHours } from './web-sessions.ts';

export const sessionKinds = ['tokens', 'page'] as const;

/** A session as its owner sees it. */
export interface SessionView {
  readonly id: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
  readonly kind: (typeof sessionKinds)[number];
  /** From where it was opened. */
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

/** A page of a person's sessions that can still be continued, newest first, and how many there are in all. */
export class ListSessions extends Query<{ items: SessionView[]; total: number }> {
  constructor(
    readonly userId: string,
    readonly currentId: string | null,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListSessions)
export class ListSessionsHandler implements IQueryHandler<ListSessions> {
  constructor(private readonly database: Database) {}

  async execute({
    userId,
    currentId,
    page,
    perPage,
  }: ListSessions): Promise<{ items: SessionView[]; total: number }> {
    const open = fragment`
      from identity.sessions as session
      left join identity.web_sessions as web on web.session_id = session.id
      left join lateral (
        select max(expires_at) as expires_at from identity.refresh_tokens
        where user_id = session.user_id and session_id = session.id) as token on true
      cross join lateral (
        select coalesce(
          least(web.expires_at, web.last_used_at + make_interval(hours => ${idleHours})), token.expires_at
        ) as at) as ending
      where session.user_id = ${userId} and ending.at > now()`;
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`select count(*) as total ${open}`,
      this.database.sql<SessionView>`
        select session.id, session.id is not distinct from ${currentId}::uuid as current,
          case when web.session_id is null then 'tokens' else 'page' end as kind, session.address,
          session.user_agent as "userAgent", session.created_at as "createdAt", ending.at as "expiresAt",
          coalesce(web.last_used_at, token.expires_at - make_interval(days => ${refreshDays})) as "lastUsedAt"
        ${open} order by session.id desc limit ${perPage} offset ${(page - 1) * perPage}`,
    ]);
    return { items, total };
  }
}

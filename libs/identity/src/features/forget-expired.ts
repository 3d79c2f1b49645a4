import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Loop } from '#platform/lifecycle';
import { Database, fragment } from '#platform/persistence';
import { idleHours } from './web-sessions.ts';

type Fragment = ReturnType<typeof fragment>;

const rows = (table: string, where: Fragment) => ({
  table: fragment.id('identity', table),
  where,
});

/** What is of no use to anybody any more; the audit log says for how long people are accountable. */
const expired = [
  rows('ended_sessions', fragment`ended_at < now() - interval '1 hour'`),
  rows('session_watchers', fragment`read_at < now() - interval '1 hour'`),
  rows('registrations', fragment`expires_at <= now()`),
  rows('mailed_tokens', fragment`expires_at <= now()`),
  rows('setup_links', fragment`expires_at <= now()`),
  rows('solicited_mails', fragment`sent_at < now() - interval '1 day'`),
  rows('audit', fragment`at < now() - interval '365 days'`),
  // Addresses without an account that somebody tried to log in with: of these there are as many as anybody likes.
  rows('audit', fragment`user_id is null and at < now() - interval '1 day'`),
  // Those that nothing can continue; the session of a page takes its cookie with it.
  rows(
    'sessions',
    fragment`
      not exists (
        select from identity.refresh_tokens as token
        where token.user_id = sessions.user_id and token.session_id = sessions.id and token.expires_at > now())
      and not exists (
        select from identity.web_sessions as web where web.session_id = sessions.id and web.expires_at > now()
          and web.last_used_at > now() - make_interval(hours => ${idleHours}))`,
  ),
  rows('refresh_tokens', fragment`expires_at <= now()`),
];

/** Once an hour, in every api process: what one deletes the others leave alone. */
@Injectable()
export class ForgetExpired implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly forgetting = new Loop('ForgetExpired', () => this.forget(), 3_600_000);

  constructor(private readonly database: Database) {}

  onApplicationBootstrap(): void {
    this.forgetting.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.forgetting.stop();
  }

  /** In batches: after a long rest one statement for all would not end in time, and hold what it has until then. */
  async forget(atOnce = 10_000): Promise<void> {
    const failed: unknown[] = [];
    for (const { table, where } of expired) {
      await this.forgetFrom(table, where, atOnce).catch((error: unknown) => failed.push(error));
    }
    if (failed.length > 0) throw new AggregateError(failed, 'Not all that has expired is forgotten.');
  }

  private async forgetFrom(table: Fragment, where: Fragment, atOnce: number): Promise<void> {
    for (let gone = atOnce; gone === atOnce;) {
      const deleted = await this.database.one<{ gone: number }>`
        with deleted as (
          delete from ${table} where ctid = any(array(
            select ctid from ${table} where ${where} limit ${atOnce} for update skip locked))
          returning 1)
        select count(*) as gone from deleted`;
      gone = deleted.gone;
    }
  }
}

import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { hashOf, newSecret } from './sessions.ts';

/** Links that make the first administrator, each good for a day; of their secrets the hash is kept. */
@Injectable()
export class SetupLinks {
  constructor(private readonly database: Database) {}

  /** The secret of a new link; null where there is an administrator. */
  async open(): Promise<string | null> {
    await this.database.sql`delete from identity.setup_links where expires_at <= now()`;
    const secret = newSecret();
    const opened = await this.database.sql`
      insert into identity.setup_links (token_hash, expires_at)
      select ${hashOf(secret)}::bytea, now() + interval '24 hours'
      where not exists (select from identity.users where role = 'admin' and banned_at is null)
      returning expires_at`;
    return opened.length > 0 ? secret : null;
  }

  /** @throws DomainError identity.setup-link-invalid also for an open one, as soon as there is an administrator */
  async assertOpen(secret: string): Promise<void> {
    const [open] = await this.database.sql`
      select expires_at from identity.setup_links
      where token_hash = ${hashOf(secret)} and expires_at > now()
        and not exists (select from identity.users where role = 'admin' and banned_at is null)`;
    if (open) return;
    throw new DomainError(
      'unauthenticated',
      'identity.setup-link-invalid',
      'This link has been used, is too old, or there is an administrator by now. As long as there is none, an api prints a new one when it starts.',
    );
  }

  /** None that was ever printed is good for anything any more. */
  async closeAll(): Promise<void> {
    await this.database.sql`delete from identity.setup_links`;
  }
}

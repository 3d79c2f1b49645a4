import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import type { UserRole } from '../domain/user.ts';

/** What is decided of an account that is about to be made, in the transaction that makes it. */
@Injectable()
export class Newcomers {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** Until the transaction ends, nobody else makes an account: two first ones would both be the administrator's. */
  async oneAtATime(): Promise<void> {
    await this.database.sql`select pg_advisory_xact_lock(hashtext('identity.register'))`;
  }

  /** Whoever installs on a laptop comes first; a seeded demo account does not count. */
  async role(): Promise<UserRole> {
    const [other] = await this.database.sql`select id from identity.users where not demo limit 1`;
    return this.config.embedded && !other ? 'admin' : 'user';
  }
}

import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '#kernel';
import { Config } from '#platform/config';
import { Database } from '#platform/persistence';
import { normaliseEmail, User } from '../domain/user.ts';
import { Newcomers } from './newcomers.ts';
import { hashPassword } from './passwords.ts';

/** Gives a first start something to look at: an account whose alert fires within seconds. */
@Injectable()
export class SeedDemoAccount implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly newcomers: Newcomers,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { demo, demoEmail, demoPassword } = this.config;
    if (!demo || demoPassword === null) return;
    const email = normaliseEmail(demoEmail);
    const passwordHash = await hashPassword(demoPassword);
    await this.database.transaction(async () => {
      await this.newcomers.oneAtATime();
      const [known] = await this.database.sql`select id from identity.users where email = ${email}`;
      if (!known) this.database.entities.persist(User.demo(email, passwordHash, this.clock.now()));
    });
  }
}

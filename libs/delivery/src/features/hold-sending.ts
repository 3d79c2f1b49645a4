import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { lockHold } from './hold-lock.ts';

/**
 * Holds all sending until it is released: from the moment this has committed, nothing is claimed and no hand-over
 * begins. One that was under way ends as it ends. A hold that exists already begins anew.
 */
export class HoldSending extends Command<void> {
  /** `reason` is shown to whoever may release it. */
  constructor(readonly reason: string) {
    super();
  }
}

@CommandHandler(HoldSending)
export class HoldSendingHandler implements ICommandHandler<HoldSending> {
  constructor(private readonly database: Database) {}

  execute({ reason }: HoldSending): Promise<void> {
    return this.database.transaction(async () => {
      await lockHold(this.database);
      await this.database.sql`
        insert into delivery.hold (reason) values (${reason})
        on conflict (held) do update set since = now(), reason = excluded.reason`;
    });
  }
}

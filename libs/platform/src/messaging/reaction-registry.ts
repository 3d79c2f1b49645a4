import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Loop } from '../lifecycle/loop.ts';
import { Database } from '../persistence/database.ts';
import { Reactions } from './reactions.ts';

/**
 * Says which relayed reactions this process has: before it is ready, and again every ten seconds. What is said
 * here is owed every event from then on, so no relay of another version publishes an event without it.
 */
@Injectable()
export class ReactionRegistry implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly refreshing = new Loop('ReactionRegistry', () => this.register(), 10_000);

  constructor(
    private readonly database: Database,
    private readonly reactions: Reactions,
  ) {}

  /** Before anything of this process runs that could state an event. */
  onModuleInit(): Promise<void> {
    return this.register();
  }

  onApplicationBootstrap(): void {
    this.refreshing.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.refreshing.stop();
  }

  private async register(): Promise<void> {
    // Ordered: two processes that say the same would otherwise lock the rows crosswise.
    await this.database.sql`
      insert into platform.reaction_registry (type, reaction)
      select type, reaction from json_to_recordset(${JSON.stringify(this.reactions.relayed())}::json)
        as own(type text, reaction text)
      order by type, reaction
      on conflict (type, reaction) do update set seen_at = now()`;
  }
}

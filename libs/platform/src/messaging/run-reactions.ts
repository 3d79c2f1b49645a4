import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../persistence/database.ts';
import { Reactions } from './reactions.ts';

/** An event as it stands in the outbox. */
export interface RelayedEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: object;
  readonly occurredAt: Date;
}

/** Runs reactions to relayed events: the mark of each reaction commits with its work, so that it runs once. */
@Injectable()
export class RunReactions {
  private readonly logger = new Logger(RunReactions.name);

  constructor(
    private readonly database: Database,
    private readonly reactions: Reactions,
  ) {}

  /** Runs the reactions to one event, each in a transaction of its own. Returns what failed. */
  async alone(event: RelayedEvent): Promise<string[]> {
    const errors: string[] = [];
    for (const { name, instance } of this.reactions.to(event.type, 'relayed')) {
      try {
        await this.database.transaction(async () => {
          if ((await this.mark([event], name)).length > 0) await instance.react(event);
        });
      } catch (error) {
        errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        this.logger.error(
          { err: error, event: event.id, type: event.type, reaction: name },
          'A reaction failed.',
        );
      }
    }
    return errors;
  }

  /** Runs the reactions that take many events at a time. Returns the events that need nothing more. */
  async together(events: readonly RelayedEvent[]): Promise<Set<RelayedEvent>> {
    const done = new Set<RelayedEvent>();
    for (const [type, ofType] of Map.groupBy(events, (event) => event.type)) {
      const reactions = this.reactions.to(type, 'relayed');
      const able = reactions.length > 0 && reactions.every(({ instance }) => 'reactToAll' in instance);
      if (!able || ofType.length === 1) continue;
      try {
        for (const { name, instance } of reactions) {
          await this.database.transaction(async () => {
            const marked = await this.mark(ofType, name);
            if (marked.length > 0) await instance.reactToAll?.(marked);
          });
        }
        for (const event of ofType) done.add(event);
      } catch (error) {
        // One of them may be the reason, and must not hold up the others: each is tried alone now.
        this.logger.warn({ err: error, type, events: ofType.length }, 'A reaction to many events failed.');
      }
    }
    return done;
  }

  /** Returns those events that the reaction has not had yet. */
  private async mark(events: readonly RelayedEvent[], reaction: string): Promise<RelayedEvent[]> {
    const marked = await this.database.sql<{ id: string }>`
      insert into platform.reactions (event_id, reaction)
      select id, ${reaction} from unnest(${events.map(({ id }) => id)}::uuid[]) as event(id) order by id
      on conflict do nothing returning event_id as id`;
    const ids = new Set(marked.map(({ id }) => id));
    return events.filter(({ id }) => ids.has(id));
  }
}

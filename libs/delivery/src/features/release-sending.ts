import { setTimeout as pause } from 'node:timers/promises';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock } from '#kernel';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { endUnfinished } from './end-unfinished.ts';
import { lockHold } from './hold-lock.ts';
import { lockRows } from './lock-rows.ts';
import { shareSources } from './lock-sources.ts';
import { SweepLostClaims } from './sweep-lost-claims.ts';

/**
 * Ends a hold on sending. What waits is sent, or discarded first: cancelled, or unknown where somebody may have
 * been handed it already, while alerts and notifications stay as they are. Returns how many deliveries that were.
 */
export class ReleaseSending extends Command<number> {
  /** `patienceMs` is how long discarding waits for what has to end before it. */
  constructor(
    readonly waiting: 'send' | 'discard',
    readonly patienceMs = 90_000,
  ) {
    super();
  }
}

const batchSize = 200;
const interval = 100;

@CommandHandler(ReleaseSending)
export class ReleaseSendingHandler implements ICommandHandler<ReleaseSending> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly claims: SweepLostClaims,
    private readonly clock: Clock,
  ) {}

  async execute({ waiting, patienceMs }: ReleaseSending): Promise<number> {
    const discarded = waiting === 'discard' ? await this.discard(patienceMs) : 0;
    return this.database.transaction(async () => {
      await lockHold(this.database);
      await this.database.sql`delete from delivery.hold`;
      if (waiting === 'discard') return discarded;
      const { freed } = await this.database.one<{ freed: number }>`
        select count(*) as freed from delivery.deliveries where status in ('pending', 'retrying')`;
      return freed;
    });
  }

  /** Many transactions, of which each may be the last: the hold lasts until all of it is done. */
  private async discard(patienceMs: number): Promise<number> {
    // What has happened becomes rows first: a firing becomes a request, a request becomes deliveries.
    for (let step = 0; step < 2; step += 1) {
      const now = this.clock.now();
      await until(() => this.outbox.owed(now), patienceMs, 'events are still to be worked through');
    }
    let discarded = 0;
    const round = async (): Promise<number> => {
      await this.claims.sweep();
      for (let taken = batchSize; taken === batchSize; discarded += taken) {
        taken = await this.database.transaction(() => this.cancelBatch());
      }
      return this.sending();
    };
    await until(round, patienceMs, 'messages are still being handed over');
    return discarded;
  }

  private async cancelBatch(): Promise<number> {
    const waiting = await this.database.sql<{ id: string }>`
      select id from delivery.deliveries where status in ('pending', 'retrying') order by due_at limit ${batchSize}`;
    const ids = waiting.map(({ id }) => id);
    await shareSources(this.database, ids);
    await lockRows(this.database, ids);
    await this.outbox.append(await endUnfinished(this.database, ids, 'discarded'));
    return ids.length;
  }

  /** What was being handed over when the hold began: it may still be refused, and would then wait again. */
  private async sending(): Promise<number> {
    const { sending } = await this.database.one<{ sending: number }>`
      select count(*) as sending from delivery.deliveries where status = 'sending'`;
    return sending;
  }
}

/** Asks again and again until nothing is left. @throws Error when something is left after this time */
async function until(left: () => Promise<number>, patienceMs: number, what: string): Promise<void> {
  for (let waited = 0; ; waited += interval) {
    const count = await left();
    if (count === 0) return;
    if (waited >= patienceMs) {
      throw new Error(`${count} ${what}. Start Tocsin (npm start) if it does not run, and try again.`);
    }
    await pause(interval);
  }
}

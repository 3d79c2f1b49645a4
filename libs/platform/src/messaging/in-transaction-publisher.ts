import { Injectable } from '@nestjs/common';
import type { DomainEvent } from '#kernel';
import { Database } from '../persistence/database.ts';
import { Reactions } from './reactions.ts';

/** Publishes deletions to the reactions that must commit, or fail, with them. */
@Injectable()
export class InTransactionPublisher {
  constructor(
    private readonly database: Database,
    private readonly reactions: Reactions,
  ) {}

  /** Awaits each reaction in turn; the first error leaves this method and rolls the transaction back. */
  async publish(event: DomainEvent): Promise<void> {
    if (!this.database.inTransaction)
      throw new Error(`${event.type} is published inside a transaction only.`);
    for (const { instance } of this.reactions.to(event.type, 'in-transaction')) await instance.react(event);
  }
}

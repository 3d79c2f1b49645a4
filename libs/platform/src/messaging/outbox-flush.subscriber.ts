import type { EventSubscriber, FlushEventArgs } from '@mikro-orm/core';
import { Aggregate } from '#kernel';
import { OutboxRow } from './outbox-row.schema.ts';

/** Puts what aggregates recorded into the outbox, in the very flush that writes the aggregates. */
export class OutboxFlushSubscriber implements EventSubscriber {
  onFlush({ uow }: FlushEventArgs): void {
    // Both sets: change sets alone would miss an aggregate that recorded an event without changing a column.
    const touched = new Set<object>([...uow.getIdentityMap(), ...uow.getPersistStack()]);
    for (const entity of touched) {
      if (!(entity instanceof Aggregate)) continue;
      for (const event of entity.pullEvents()) uow.computeChangeSet(new OutboxRow(event));
    }
  }
}

import { defineEntity, p } from '@mikro-orm/core';
import type { DomainEvent } from '#kernel';

/** One event on its way to the reactions that are owed it. */
export class OutboxRow {
  readonly id: string;
  readonly type: string;
  readonly payload: object;
  readonly occurredAt: Date;

  constructor(event: DomainEvent) {
    this.id = event.id;
    this.type = event.type;
    this.payload = event.payload;
    this.occurredAt = event.occurredAt;
  }
}

export const OutboxRowSchema = defineEntity({
  class: OutboxRow,
  schema: 'platform',
  tableName: 'outbox',
  properties: {
    id: p.uuid().primary(),
    type: p.text(),
    payload: p.json(),
    occurredAt: p.datetime().fieldName('occurred_at'),
  },
});

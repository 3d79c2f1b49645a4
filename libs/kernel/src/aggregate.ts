import type { DomainEvent } from './domain-event.ts';

/**
 * Base of objects that change by rules and say what happened.
 *
 * The list is created on first use: the ORM restores an aggregate without its constructor, so a field
 * initializer would not have run.
 */
export abstract class Aggregate {
  private recorded?: DomainEvent[];

  /** Hands over the events recorded since the last call. */
  pullEvents(): DomainEvent[] {
    const events = this.recorded ?? [];
    this.recorded = [];
    return events;
  }

  protected record(event: DomainEvent): void {
    (this.recorded ??= []).push(event);
  }
}

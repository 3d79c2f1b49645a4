import { SetMetadata, applyDecorators, Injectable } from '@nestjs/common';
import type { DomainEvent, DomainEventClass } from '#kernel';

export const REACTS_TO = Symbol('reacts to');

/** When a reaction runs: relayed later, at least once; or inside the transaction that publishes the event. */
export type ReactionMode = 'relayed' | 'in-transaction';

export interface ReactionMetadata {
  readonly event: DomainEventClass;
  readonly mode: ReactionMode;
}

/** What a context does because something happened in another one (or in itself). */
export interface Reaction<E extends DomainEvent> {
  react(event: E): Promise<void>;
  /**
   * Where events of which many come add up: reacts to all that are due, in one transaction. Should it fail, each is
   * reacted to alone.
   */
  reactToAll?(events: readonly E[]): Promise<void>;
}

/**
 * Relayed from the outbox, at least once and in no promised order, deduplicated per event: the mark and
 * the work commit together. So reactions commute.
 */
export const ReactsTo = (event: DomainEventClass): ClassDecorator => decorate({ event, mode: 'relayed' });

/** Runs inside the transaction that publishes the event; its error rolls everything back. For deletions only. */
export const ReactsWithin = (event: DomainEventClass): ClassDecorator =>
  decorate({ event, mode: 'in-transaction' });

function decorate(metadata: ReactionMetadata): ClassDecorator {
  return applyDecorators(Injectable(), SetMetadata(REACTS_TO, metadata));
}

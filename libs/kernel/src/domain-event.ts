import { newId } from './ids.ts';

/** A fact that happened in one context and that others may react to; its payload is plain JSON. */
export abstract class DomainEvent<Payload extends object = object> {
  /** Name and version of the fact for ever, e.g. `alerts.alert-triggered.v1`; every event class declares one. */
  static readonly type: string;

  readonly id: string = newId();
  readonly occurredAt: Date = new Date();

  constructor(readonly payload: Payload) {}

  get type(): string {
    return (this.constructor as typeof DomainEvent).type;
  }
}

/** The class of an event: what reactions name and the outbox looks up by `type`. */
export interface DomainEventClass<E extends DomainEvent = DomainEvent> {
  readonly type: string;
  new (...args: never[]): E;
}

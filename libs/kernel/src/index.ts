export { Aggregate } from './aggregate.ts';
export { Clock, SystemClock } from './clock.ts';
export { DomainError, type DomainErrorKind, type InputFault, type InputPlace } from './domain-error.ts';
export { DomainEvent, type DomainEventClass } from './domain-event.ts';
export { newId } from './ids.ts';
export { assertExpected, type ExpectedVersions, VersionMismatch } from './version-mismatch.ts';

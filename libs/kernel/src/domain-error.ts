/** What a broken rule means to the caller; the HTTP filter maps each kind to one status. */
export type DomainErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'stale'
  | 'unavailable';

/** Where in the input the fault lies, and one sentence about it. */
export type InputFault = InputPlace & { readonly detail: string };

/** A JSON Pointer (RFC 6901) into the body, or the name of a path, query or header parameter. */
export type InputPlace = { readonly pointer: string } | { readonly parameter: string };

/** A rule said no. `code` is stable and documented (`alerts.not-found`); `message` is a sentence for people. */
export class DomainError extends Error {
  constructor(
    readonly kind: DomainErrorKind,
    readonly code: string,
    message: string,
    readonly faults: readonly InputFault[] = [],
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

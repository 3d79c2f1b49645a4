import { DomainError } from './domain-error.ts';

/** The versions of a thing of which a caller expects one; null when any will do. */
export type ExpectedVersions = readonly number[] | null;

/** What a caller wants to change is not what they have seen. */
export class VersionMismatch extends DomainError {
  constructor(
    context: string,
    /** The version that it has now. */
    readonly current: number,
  ) {
    super('stale', `${context}.version-mismatch`, `It was changed meanwhile; its version is ${current} now.`);
  }
}

/**
 * Compares a thing, locked until the transaction ends, with what its caller expects.
 * @throws VersionMismatch with the code `<context>.version-mismatch`
 */
export function assertExpected(context: string, current: number, expected: ExpectedVersions): void {
  if (expected && !expected.includes(current)) throw new VersionMismatch(context, current);
}

import { DomainError } from '#kernel';

/** The provider did not answer, or not as one does. */
export class ProviderUnavailable extends DomainError {
  constructor(
    /** What was asked. */
    readonly url: URL,
    override readonly cause: unknown,
  ) {
    super(
      'unavailable',
      'identity.provider-unavailable',
      'The sign-in provider cannot be reached or does not answer as it should; try again shortly.',
    );
  }
}

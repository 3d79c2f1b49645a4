import { Query } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import type { Contact } from './find-contacts.ts';

/**
 * The contacts of these users, whose accounts stay as they are until the ambient transaction ends; whoever no longer
 * exists, or is banned, is absent. For whoever adds something that is somebody's: deleting the account waits, and then finds it.
 */
export class HoldAccounts extends Query<Contact[]> {
  constructor(readonly userIds: readonly string[]) {
    super();
  }
}

/** Somebody asks whose session has ended, be it because their account is deleted. */
export const sessionEnded = () =>
  new DomainError('unauthenticated', 'identity.session-ended', 'The session has ended; log in.');

import { Query } from '@nestjs/cqrs';

/** Where a person can be reached by mail. */
export interface Contact {
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

/** The contacts of these users; whoever no longer exists, or is banned, is absent. */
export class FindContacts extends Query<Contact[]> {
  constructor(readonly userIds: readonly string[]) {
    super();
  }
}

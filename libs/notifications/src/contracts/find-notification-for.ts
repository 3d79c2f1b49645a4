import { Query } from '@nestjs/cqrs';

/** Whoever asks for something. */
interface Reader {
  readonly userId: string;
  readonly role: 'user' | 'operator' | 'admin';
}

/**
 * A notification, for whoever may see it: their own, and for operators and administrators those that they share.
 * @throws DomainError notifications.not-found
 */
export class FindNotificationFor extends Query<{ readonly id: string }> {
  constructor(
    readonly reader: Reader,
    readonly notificationId: string,
  ) {
    super();
  }
}

import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { FindContacts } from '#libs/identity/contracts';
import type { Principal } from '#platform/http';
import type { Recipient } from '../contracts/index.ts';
import { recipientNotOwn } from '../domain/notification.errors.ts';

/** Who may be written to: an operator writes to anybody, a user to their own verified address. */
@Injectable()
export class RecipientRule {
  constructor(private readonly queries: QueryBus) {}

  /** @throws DomainError notifications.recipient-not-own */
  async check({ userId, role }: Principal, recipients: readonly Recipient[]): Promise<void> {
    if (role !== 'user' || recipients.length === 0) return;
    const [contact] = await this.queries.execute(new FindContacts([userId]));
    const own = contact?.emailVerified ? contact.email.toLowerCase() : null;
    if (recipients.some(({ to }) => to.toLowerCase() !== own)) throw recipientNotOwn();
  }
}

import { DomainError, type InputFault } from '#kernel';

export const notificationNotFound = () =>
  new DomainError('not-found', 'notifications.not-found', 'There is no such notification.');

export const notDraft = (status: string) =>
  new DomainError(
    'conflict',
    'notifications.not-draft',
    `Only a draft can be changed or sent; this notification is ${status}.`,
  );

export const noRecipients = () =>
  new DomainError('invalid', 'notifications.no-recipients', 'Nobody is named to send this to.', [
    { pointer: '/recipients', detail: 'Name at least one recipient.' },
  ]);

export const nothingToSay = () =>
  new DomainError('invalid', 'notifications.nothing-to-say', 'There is nothing to say.', [
    { pointer: '/message', detail: 'Give a message or a line item.' },
  ]);

export const recipientNotOwn = () =>
  new DomainError(
    'forbidden',
    'notifications.recipient-not-own',
    'Your role may send to your own verified address only; ask an operator to send to others.',
  );

export const unknownSymbols = (faults: readonly InputFault[]) =>
  new DomainError('invalid', 'notifications.unknown-symbol', 'A line item names an unknown symbol.', faults);

export const alreadySent = (lastSentAt: Date | null) =>
  new DomainError(
    'conflict',
    'notifications.already-sent',
    `All of it had been sent${lastSentAt ? ` by ${lastSentAt.toISOString()}` : ''}; nothing was deleted.`,
  );

import { DomainError } from '#kernel';

const conflict = (code: string, message: string) => new DomainError('conflict', `delivery.${code}`, message);

export const deliveryNotFound = () =>
  new DomainError('not-found', 'delivery.not-found', 'There is no such delivery.');

export const notFailed = (status: string) =>
  conflict('not-failed', `Only a delivery that failed can be sent again; this one is ${status}.`);

export const mayHaveArrived = () =>
  conflict(
    'may-have-arrived',
    'Nobody knows whether this arrived. Send {"acceptDuplicate": true} to send it again all the same.',
  );

export const alreadyRetried = (retriedBy: string) =>
  conflict(
    'already-retried',
    `This was sent again as ${retriedBy}. If that failed too, send that one again.`,
  );

export const sourceDeleted = () =>
  conflict(
    'source-deleted',
    'What this delivery stems from was deleted, and nothing of it may be sent any more.',
  );

export const textErased = () =>
  conflict('text-erased', 'What this said is not kept: it told of an account, or its account was deleted.');

/** Names what an operator can lift. An address whose owner wants no mail is lifted by its owner. */
export const addressSuppressed = (suppressionId: string | null) =>
  conflict(
    'address-suppressed',
    suppressionId === null
      ? 'Nothing is sent to this address.'
      : `Nothing is sent to this address; DELETE /v1/suppressions/${suppressionId} lifts that.`,
  );

export const suppressionNotFound = () =>
  new DomainError('not-found', 'delivery.suppression-not-found', 'There is no such suppression.');

export const alreadySuppressed = (id: string) =>
  conflict('already-suppressed', `This address is suppressed already, by ${id}.`);

import { DomainError, type InputPlace } from '#kernel';

export const alertNotFound = () =>
  new DomainError('not-found', 'alerts.not-found', 'There is no such alert.');

export const notEditable = (status: string) =>
  new DomainError(
    'conflict',
    'alerts.not-editable',
    `Only an active or paused alert can be changed; this one is ${status}.`,
  );

export const unknownSymbol = (symbol: string, place: InputPlace) =>
  new DomainError('invalid', 'alerts.unknown-symbol', `There is no instrument ${JSON.stringify(symbol)}.`, [
    { ...place, detail: 'Unknown symbol; GET /v1/instruments lists all.' },
  ]);

export const targetAtPrice = (pointer: string, price: string) =>
  new DomainError(
    'invalid',
    'alerts.target-at-price',
    `The last price is ${price} already, so the target cannot be crossed; greater_than or less_than fire at once.`,
    [
      {
        pointer,
        detail: `Choose a target other than the last price ${price}, or greater_than or less_than.`,
      },
    ],
  );

export const targetOutOfRange = (pointer: string, detail: string) =>
  new DomainError('invalid', 'alerts.target-out-of-range', detail, [{ pointer, detail }]);

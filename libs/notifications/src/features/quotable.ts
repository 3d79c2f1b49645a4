import type { QueryBus } from '@nestjs/cqrs';
import { FindInstrument } from '#libs/market-data/contracts';
import { emptyLineItem, type LineItem, type QuoteField } from '../domain/line-item.ts';
import { unknownSymbols } from '../domain/notification.errors.ts';

/** A line item as its writer names it. */
export interface NamedLineItem {
  /** A symbol or one of its aliases, in any case. */
  readonly symbol: string;
  readonly fields: readonly QuoteField[];
}

/**
 * The line items with their instruments, still without values.
 * @throws DomainError notifications.unknown-symbol, with the place of each
 */
export async function quotable(queries: QueryBus, named: readonly NamedLineItem[]): Promise<LineItem[]> {
  const instruments = await Promise.all(
    named.map(({ symbol }) => queries.execute(new FindInstrument(symbol))),
  );
  const faults = instruments.flatMap((instrument, index) =>
    instrument ? [] : [{ pointer: `/lineItems/${index}/symbol`, detail: unknownSymbol }],
  );
  if (faults.length > 0) throw unknownSymbols(faults);
  return instruments.flatMap((instrument, index) =>
    instrument ? [emptyLineItem(instrument.symbol, instrument.currency, named[index]?.fields ?? [])] : [],
  );
}

const unknownSymbol = 'Unknown symbol; GET /v1/instruments lists all.';

/** What of the market a notification can quote. */
export const quoteFields = [
  'price',
  'volume24h',
  'dayHigh',
  'dayLow',
  'marketCap',
  'change24hPercent',
] as const;
export type QuoteField = (typeof quoteFields)[number];

/** The market's values of one symbol; decimals are strings, null means not known. */
export type MarketValues = Readonly<Record<QuoteField, string | null>> & {
  readonly volumeUnit: string | null;
  readonly source: string;
  readonly asOf: Date | null;
};

/** One symbol in a notification, with the values it was sent with. */
export interface LineItem {
  readonly symbol: string;
  /** Currency of prices and market capitalisation. */
  readonly currency: string;
  readonly fields: readonly QuoteField[];
  /** The named fields as sent; null before sending begins. */
  readonly values: Readonly<Partial<Record<QuoteField, string | null>>> | null;
  readonly volumeUnit: string | null;
  /** Where the values come from, and their time in RFC 3339; null when nothing is known. */
  readonly source: string | null;
  readonly asOf: string | null;
}

export function emptyLineItem(symbol: string, currency: string, fields: readonly QuoteField[]): LineItem {
  return { symbol, currency, fields, values: null, volumeUnit: null, source: null, asOf: null };
}

/** The item with the market's values; without any, each named field is known to be missing. */
export function filled(item: LineItem, market: MarketValues | undefined): LineItem {
  return {
    ...item,
    values: Object.fromEntries(item.fields.map((field) => [field, market?.[field] ?? null])),
    volumeUnit: market?.volumeUnit ?? null,
    source: market?.source ?? null,
    asOf: market?.asOf?.toISOString() ?? null,
  };
}

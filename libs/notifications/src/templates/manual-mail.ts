import { type Mail, renderMail, type Row } from '#platform/mail';
import type { LineItem, QuoteField } from '../domain/line-item.ts';
import { groupThousands, utc } from './format.ts';

const labels: Record<QuoteField, string> = {
  price: 'Price',
  volume24h: 'Volume, 24 hours',
  dayHigh: 'High of the day',
  dayLow: 'Low of the day',
  marketCap: 'Market capitalisation',
  change24hPercent: 'Change, 24 hours',
};

/** The mail of a notification that a person wrote, its line items filled with the market's values. */
export function manualMail(said: {
  readonly subject: string;
  readonly message: string;
  readonly lineItems: readonly LineItem[];
}): Mail {
  return renderMail({
    subject: said.subject,
    message: said.message,
    tables: said.lineItems.map((item) => ({ title: item.symbol, rows: [...values(item), origin(item)] })),
    reason: 'You get this mail because somebody who runs market notifications here sent it to your address.',
    link: null,
  });
}

function values(item: LineItem): Row[] {
  return item.fields.map((field) => ({ label: labels[field], value: value(item, field) }));
}

function value({ values, currency, volumeUnit }: LineItem, field: QuoteField): string {
  const decimal = values?.[field];
  if (decimal === null || decimal === undefined) return 'not available';
  const unit = field === 'change24hPercent' ? '%' : field === 'volume24h' ? (volumeUnit ?? '') : currency;
  return `${groupThousands(decimal)} ${unit}`.trimEnd();
}

function origin({ source, asOf }: LineItem): Row {
  if (source === null) return { label: 'Source', value: 'not available' };
  return { label: 'Source', value: asOf === null ? source : `${source}, ${utc(asOf)}` };
}

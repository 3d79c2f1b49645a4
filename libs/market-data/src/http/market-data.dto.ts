import { z } from 'zod';
import { decimalOutput, filterOf, namesIn, pageOf, pageQuery } from '#platform/http';
import { Catalogue } from '../domain/catalogue.ts';

const symbol = z.string().max(32, 'A symbol has at most 32 characters.');
const mostSymbols = 100;
/** Which names there are does not depend on the feeds. */
const catalogue = Catalogue.of([]);
const knownSymbol = symbol.refine((name) => catalogue.find(name), {
  error: ({ input }) => `There is no instrument ${JSON.stringify(input)}; see /v1/instruments.`,
});

export const instrumentsQuery = z.strictObject({
  q: z.string().max(100).optional().describe('Part of a symbol, name or alias, in any case.'),
  type: filterOf(['crypto', 'stock'], 'Only these types.'),
  ...pageQuery,
});
export type InstrumentsQuery = z.infer<typeof instrumentsQuery>;

const instrument = z
  .object({
    symbol: z.string().meta({ example: 'BTC-USD' }),
    name: z.string().meta({ example: 'Bitcoin' }),
    type: z.enum(['crypto', 'stock']),
    currency: z.string().describe('Currency of its prices.').meta({ example: 'USD' }),
    source: z.string().describe('The feed that decides its alerts.').meta({ example: 'binance' }),
    aliases: z.array(z.string()).describe('Other names it is found by.'),
  })
  .meta({ id: 'Instrument' });
export const instrumentPage = pageOf(instrument).meta({ id: 'InstrumentPage' });

export const quotesQuery = z.strictObject({
  symbols: z
    .string()
    .transform(namesIn)
    .pipe(z.array(knownSymbol).max(mostSymbols, `Name at most ${mostSymbols} symbols.`).optional())
    .optional()
    .describe(
      `Symbols or aliases, comma-separated, at most ${mostSymbols}; all of them come on one page. ` +
        'Without it every instrument is listed, by `page` and `per_page`.',
    )
    .meta({ example: 'BTC-USD,eth' }),
  ...pageQuery,
});
export type QuotesQuery = z.infer<typeof quotesQuery>;

export const symbolParam = symbol.describe('Symbol or alias, in any case.').meta({ example: 'BTC-USD' });

const known = decimalOutput.nullable();

export const quote = z
  .object({
    symbol: z.string().meta({ example: 'BTC-USD' }),
    price: known.describe('Last price.').meta({ example: '90312.5' }),
    dayHigh: known.describe('Highest price of the last 24 hours.'),
    dayLow: known.describe('Lowest price of the last 24 hours.'),
    volume24h: known.describe('Volume of the last 24 hours, in `volumeUnit`.'),
    volumeUnit: z.string().nullable().describe('Currency of the volume.').meta({ example: 'USD' }),
    marketCap: known.describe('Market capitalisation in the currency of the price.'),
    change24hPercent: known.describe('Change over the last 24 hours; `"5"` is 5 %.'),
    source: z.string().meta({ example: 'binance' }),
    asOf: z.iso.datetime().nullable().describe('When the source last said something of it.'),
    stale: z.boolean().describe('True while the source is silent or cannot be reached.'),
  })
  .meta({ id: 'Quote', description: 'What is not known is null.' });
export const quotePage = pageOf(quote).meta({ id: 'QuotePage' });

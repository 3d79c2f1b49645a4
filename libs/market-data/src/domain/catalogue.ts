import type { Instrument } from '../contracts/index.ts';
import { coins } from './coins.ts';

/** An instrument and how its exchange calls it. */
export interface Listing extends Instrument {
  /** The exchange's own name, `BTCUSDT`; null where no exchange trades it. */
  readonly pair: string | null;
}

export const demoSymbol = 'DEMO-USD';

/** Every instrument of this installation. */
export class Catalogue {
  private readonly byName = new Map<string, Listing>();

  private constructor(readonly listings: readonly Listing[]) {
    for (const listing of listings) {
      for (const name of [listing.symbol, ...listing.aliases]) this.byName.set(name, listing);
    }
  }

  /**
   * The instruments, each with the one source that decides its alerts. Simulated prices never touch a real
   * symbol, unless `simulated` is the only feed named: then there are no real prices to be mistaken for.
   */
  static of(feeds: readonly string[]): Catalogue {
    const sources = new Set(feeds.filter((feed) => feed !== 'none'));
    const onlySimulated = sources.size === 1 && sources.has('simulated');
    return new Catalogue([
      ...coins.map(([code, name, ...formerly]): Listing => {
        const pair = `${code}USDT`;
        return {
          symbol: `${code}-USD`,
          name,
          type: 'crypto',
          currency: 'USD',
          source: onlySimulated ? 'simulated' : 'binance',
          aliases: [code, pair, ...formerly],
          // Binance quotes every spot price with 8 decimals.
          priceScale: 8,
          pair,
        };
      }),
      {
        symbol: demoSymbol,
        name: 'Demo coin',
        type: 'crypto',
        currency: 'USD',
        source: 'simulated',
        aliases: ['DEMO'],
        priceScale: 2,
        pair: null,
      },
    ]);
  }

  /** The instrument of a symbol, alias or pair, in any case. */
  find(name: string): Listing | undefined {
    return this.byName.get(name.trim().toUpperCase());
  }

  /** Those whose symbol, name or alias contains the text, in any case, and whose type is one of these. */
  search(text: string, types?: readonly Instrument['type'][]): Listing[] {
    const wanted = text.trim().toUpperCase();
    return this.listings.filter(
      ({ symbol, name, aliases, type }) =>
        (types?.includes(type) ?? true) &&
        [symbol, name.toUpperCase(), ...aliases].some((own) => own.includes(wanted)),
    );
  }
}

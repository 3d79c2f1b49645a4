import { Query } from '@nestjs/cqrs';

/** Something that has a price. */
export interface Instrument {
  /** `BTC-USD` */
  readonly symbol: string;
  readonly name: string;
  readonly type: 'crypto' | 'stock';
  /** Currency of its prices. */
  readonly currency: string;
  /** The feed that decides its alerts. */
  readonly source: string;
  /** Other names it is found by, upper case: `BTC`, `BTCUSDT`. */
  readonly aliases: readonly string[];
  /** Most decimals a price of it may have. */
  readonly priceScale: number;
}

/** The instrument of a symbol or alias, in any case; null when there is none. */
export class FindInstrument extends Query<Instrument | null> {
  constructor(readonly symbolOrAlias: string) {
    super();
  }
}

import type { PriceCondition } from './price-condition.ts';

/** A trade as a receipt shows it: enough to find it again at the exchange. */
export interface ReceiptTick {
  readonly source: string;
  readonly tradeId: number;
  readonly price: string;
  readonly at: Date;
}

/** Why an alert fired: the trade before, the trade that crossed, the rule, and when each step happened. */
export interface Receipt {
  readonly previous: ReceiptTick | null;
  readonly crossing: ReceiptTick;
  readonly condition: PriceCondition;
  /** The version of the rule that was compared. */
  readonly alertVersion: number;
  readonly origin: 'live' | 'backfill';
  readonly timeline: { readonly receivedAt: Date; readonly decidedAt: Date };
}

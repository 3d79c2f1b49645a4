import Big from 'big.js';

/** From which side a level is reached. */
export type Direction = 'up' | 'down';

/** `crossing` reaches its value from whichever side the price comes (TradingView's term). */
export const operators = ['crossing'] as const;
export type Operator = (typeof operators)[number];

/** When an alert speaks. `value` is an exact decimal in the instrument's currency. */
export interface PriceCondition {
  readonly operator: Operator;
  readonly value: string;
}

/** The side from which a price comes to a level; null when it stands on it and has no side. */
export function directionTowards(level: string, price: string): Direction | null {
  const side = new Big(price).cmp(level);
  if (side === 0) return null;
  return side < 0 ? 'up' : 'down';
}

/** Whether a price has reached a level from that side. Reaching is inclusive: 33,000 reaches 33,000. */
export function reaches(level: string, direction: Direction, price: string): boolean {
  const side = new Big(price).cmp(level);
  return direction === 'up' ? side >= 0 : side <= 0;
}

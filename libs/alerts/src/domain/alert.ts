import Big from 'big.js';
import { Aggregate, assertExpected, type ExpectedVersions, newId } from '#kernel';
import { AlertCreated, AlertDeleted } from '../contracts/index.ts';
import { targetAtPrice, targetOutOfRange } from './alert.errors.ts';
import { type Direction, directionTowards, type PriceCondition } from './price-condition.ts';

export const alertStatuses = ['active', 'paused', 'triggered', 'expired', 'deleted'] as const;
export type AlertStatus = (typeof alertStatuses)[number];

/** The trade an alert starts from: only later ones of the same source count. */
export interface ReferenceTick {
  readonly source: string;
  readonly id: number;
  readonly price: string;
  readonly at: Date;
}

interface Request {
  readonly userId: string;
  readonly symbol: string;
  readonly condition: PriceCondition;
  /** Where the caller wrote the value, for error answers. */
  readonly valuePointer: string;
  /** Most decimals a price of the instrument has. */
  readonly priceScale: number;
  readonly note: string | null;
}

/** A person's wish to be told when a symbol reaches a level. Firing is set-based and lives in the engine. */
export class Alert extends Aggregate {
  readonly id!: string;
  readonly userId!: string;
  readonly symbol!: string;
  readonly operator!: PriceCondition['operator'];
  readonly target!: string;
  readonly direction!: Direction | null;
  readonly referenceSource!: string | null;
  readonly referenceTradeId!: number | null;
  readonly referencePrice!: string | null;
  readonly referenceAt!: Date | null;
  /** Every trade up to this id has been compared; starts at the reference. */
  readonly evaluatedThrough!: number | null;
  readonly note!: string | null;
  readonly version!: number;
  readonly createdAt!: Date;
  status!: AlertStatus;
  deletedAt!: Date | null;

  constructor(fields: Partial<Alert>) {
    super();
    Object.assign(this, fields);
  }

  /**
   * Anchors the alert at the last trade. Without one yet, the engine anchors it at the first that differs
   * from the target; the alert is active meanwhile.
   * @throws DomainError alerts.target-at-price, alerts.target-out-of-range
   */
  static create(request: Request, last: ReferenceTick | null, now: Date): Alert {
    const { userId, symbol, condition, note } = request;
    assertPlausible(request);
    const direction = last ? directionTowards(condition.value, last.price) : null;
    if (last && direction === null) throw targetAtPrice(request.valuePointer, last.price);
    const alert = new Alert({
      id: newId(),
      userId,
      symbol,
      operator: condition.operator,
      target: condition.value,
      direction,
      referenceSource: last?.source ?? null,
      referenceTradeId: last?.id ?? null,
      referencePrice: last?.price ?? null,
      referenceAt: last?.at ?? null,
      evaluatedThrough: last?.id ?? null,
      note,
      status: 'active',
      createdAt: now,
      deletedAt: null,
    });
    alert.record(new AlertCreated({ alertId: alert.id, userId, symbol }));
    return alert;
  }

  /** @throws VersionMismatch */
  expect(versions: ExpectedVersions): void {
    assertExpected('alerts', this.version, versions);
  }

  /** Returns the event to publish within the deleting transaction; null when it was deleted before. */
  delete(now: Date): AlertDeleted | null {
    if (this.status === 'deleted') return null;
    this.status = 'deleted';
    this.deletedAt = now;
    return new AlertDeleted({ alertId: this.id, userId: this.userId });
  }
}

/** Prices above this are nobody's: the most expensive coin traded at 0.1 % of it. */
const highestTarget = new Big('1000000000');

function assertPlausible({ condition, valuePointer, priceScale, symbol }: Request): void {
  const value = new Big(condition.value);
  if (value.lte(0)) throw targetOutOfRange(valuePointer, 'A target is above zero.');
  if (value.gt(highestTarget)) throw targetOutOfRange(valuePointer, 'A target is at most 1,000,000,000.');
  const decimals = condition.value.split('.')[1]?.length ?? 0;
  if (decimals > priceScale) {
    throw targetOutOfRange(valuePointer, `Prices of ${symbol} have at most ${priceScale} decimals.`);
  }
}

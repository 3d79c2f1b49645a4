import Big from 'big.js';
import { Aggregate, assertExpected, type ExpectedVersions, newId } from '#kernel';
import { AlertCreated, AlertDeleted } from '../contracts/index.ts';
import { notEditable, targetAtPrice, targetOutOfRange } from './alert.errors.ts';
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

/** How a level is judged, and where faults of it lie. */
interface LevelRules {
  /** Where the caller wrote the value, for error answers. */
  readonly valuePointer: string;
  /** Most decimals a price of the instrument has. */
  readonly priceScale: number;
}

interface Request extends LevelRules {
  readonly userId: string;
  readonly symbol: string;
  readonly condition: PriceCondition;
  readonly note: string | null;
}

/** What a person may change of an alert; what is not given stays. */
export interface AlertChanges {
  readonly condition?: PriceCondition | undefined;
  readonly note?: string | null | undefined;
  readonly status?: 'active' | 'paused' | undefined;
}

/** Where the market and its engines stand. */
interface Market {
  /** The last live trade; null without one. */
  readonly last: ReferenceTick | null;
  /** The trade through which this very alert was compared for certain; null when that is not known. */
  readonly comparedThrough: number | null;
}

/** A person's wish to be told when a symbol reaches a level. Firing is set-based and lives in the engine. */
export class Alert extends Aggregate {
  readonly id!: string;
  readonly userId!: string;
  readonly symbol!: string;
  readonly operator!: PriceCondition['operator'];
  target!: string;
  readonly direction!: Direction | null;
  readonly referenceSource!: string | null;
  readonly referenceTradeId!: number | null;
  readonly referencePrice!: string | null;
  readonly referenceAt!: Date | null;
  /** Every trade up to this id has been compared; starts at the reference. */
  evaluatedThrough!: number | null;
  note!: string | null;
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
    assertPlausible(condition.value, symbol, request);
    const alert = new Alert({
      id: newId(),
      userId,
      symbol,
      operator: condition.operator,
      target: condition.value,
      ...startAt(last, condition.value, request.valuePointer),
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

  /**
   * Changes what is given, and says what that was. Another level, and the end of a pause, start at the last trade
   * as a new alert does. Another note changes nothing of the rule, which goes on where it is.
   * @throws DomainError alerts.not-editable, alerts.target-at-price, alerts.target-out-of-range
   */
  edit(
    changes: AlertChanges,
    rules: LevelRules,
    { last, comparedThrough }: Market,
  ): ('edited' | 'paused' | 'resumed')[] {
    if (this.status !== 'active' && this.status !== 'paused') throw notEditable(this.status);
    const { condition, note = this.note, status = this.status } = changes;
    const target = condition?.value ?? this.target;
    const moved = target !== this.target;
    const resumed = status === 'active' && this.status === 'paused';
    const paused = status === 'paused' && this.status === 'active';
    const edited = moved || note !== this.note;
    if (moved) assertPlausible(target, this.symbol, rules);
    if (moved || resumed) Object.assign(this, startAt(last, target, moved ? rules.valuePointer : '/status'));
    else if (edited) this.evaluatedThrough = furthest(this.evaluatedThrough, comparedThrough);
    Object.assign(this, { target, note, status });
    return [
      ...(edited ? ['edited' as const] : []),
      ...(paused ? ['paused' as const] : []),
      ...(resumed ? ['resumed' as const] : []),
    ];
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

function assertPlausible(target: string, symbol: string, { valuePointer, priceScale }: LevelRules): void {
  const value = new Big(target);
  if (value.lte(0)) throw targetOutOfRange(valuePointer, 'A target is above zero.');
  if (value.gt(highestTarget)) throw targetOutOfRange(valuePointer, 'A target is at most 1,000,000,000.');
  const decimals = target.split('.')[1]?.length ?? 0;
  if (decimals > priceScale) {
    throw targetOutOfRange(valuePointer, `Prices of ${symbol} have at most ${priceScale} decimals.`);
  }
}

/** What an alert keeps of the trade that it starts from: only later ones are compared. */
function startAt(last: ReferenceTick | null, target: string, pointer: string) {
  const direction = last && directionTowards(target, last.price);
  if (last && direction === null) throw targetAtPrice(pointer, last.price);
  return {
    direction,
    referenceSource: last?.source ?? null,
    referenceTradeId: last?.id ?? null,
    referencePrice: last?.price ?? null,
    referenceAt: last?.at ?? null,
    evaluatedThrough: last?.id ?? null,
  };
}

const furthest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? one : Math.max(one, other);

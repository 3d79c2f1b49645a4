import type { ReferenceTick } from '../domain/alert.ts';
import { directionTowards, reaches } from '../domain/price-condition.ts';
import { Levels } from './levels.ts';
import {
  type Anchoring,
  type EvaluatedTick,
  type Firing,
  isCurrent,
  isSameRule,
  type WatchedAlert,
} from './watched-alert.ts';

/** What a run of ticks decided; to be committed before the cursor may pass them. */
export interface Decisions {
  readonly firings: Firing[];
  readonly anchorings: Anchoring[];
}

/** Ticks kept in memory: far more than arrive between an alert's creation and its arrival here. */
const ringSize = 8192;

/**
 * One symbol's alerts and its recent ticks. Pure: no clock but the one passed in, no database. Consecutive
 * ticks of one source are compared; a change of source makes every alert take a new anchor.
 */
export class SymbolEngine {
  private readonly levels = new Levels<WatchedAlert>();
  private readonly byId = new Map<string, WatchedAlert>();
  private readonly unanchored = new Map<string, WatchedAlert>();
  private readonly ring: EvaluatedTick[] = [];

  /** @param last the tick at the cursor: everything up to it was compared before this process began */
  constructor(private last: ReferenceTick | null = null) {}

  get cursor(): ReferenceTick | null {
    return this.last;
  }

  /** Alerts that every tick is compared with. */
  get watched(): number {
    return this.byId.size;
  }

  /** Alerts that wait for a first price. */
  get waiting(): number {
    return this.unanchored.size;
  }

  /** The oldest tick id from which on nothing has to be fetched to compare again. */
  get coveredFrom(): number {
    return this.ring[0]?.id ?? (this.last ? this.last.id + 1 : 0);
  }

  /** Compares further ticks, ascending by id; what is not newer than the last one is passed over. */
  evaluate(ticks: readonly EvaluatedTick[], now: () => Date): Decisions {
    const decisions: Decisions = { firings: [], anchorings: [] };
    for (const tick of ticks) {
      if (this.last?.source !== tick.source) {
        // What the new source back-fills from before the change was not its to decide.
        if (this.last && tick.at < this.last.at) continue;
        this.startOver(tick.source);
      } else if (tick.id <= this.last.id) continue;
      if (this.unanchored.size > 0 && isCurrent(tick, now)) decisions.anchorings.push(...this.anchor(tick));
      for (const alert of this.levels.candidates(Number(tick.price))) {
        if (!isReached(alert, tick)) continue;
        this.forget(alert.id);
        decisions.firings.push({ alert, tick, previous: this.last, decidedAt: now() });
      }
      this.remember(tick);
    }
    return decisions;
  }

  /**
   * Takes an alert as it is in the database, replacing what was known of it. `missed` are the ticks after
   * `alert.evaluatedThrough` that this engine no longer has; its own recent ones are compared after them.
   */
  track(alert: WatchedAlert, missed: readonly EvaluatedTick[], now: () => Date): Decisions {
    const compared = this.knows(alert);
    this.forget(alert.id);
    const decisions: Decisions = { firings: [], anchorings: [] };
    if (alert.status !== 'active') return decisions;
    if (compared) {
      this.watch(alert);
      return decisions;
    }
    const stranger = alert.source !== null && this.last !== null && alert.source !== this.last.source;
    if (alert.direction === null || stranger) {
      this.unanchored.set(alert.id, alert);
      const newest = this.ring.at(-1);
      if (newest && isCurrent(newest, now)) decisions.anchorings.push(...this.anchor(newest));
      return decisions;
    }
    let previous: ReferenceTick | null = null;
    for (const tick of missed.concat(this.ring)) {
      if (isReached(alert, tick)) {
        decisions.firings.push({ alert, tick, previous, decidedAt: now() });
        return decisions;
      }
      previous = tick;
    }
    this.watch(alert);
    return decisions;
  }

  /** Whether ticks that the alert must be compared with are no longer, or never were, in memory. */
  lacksTicksFor(alert: WatchedAlert): boolean {
    return (
      alert.status === 'active' &&
      alert.direction !== null &&
      alert.source === this.last?.source &&
      !this.knows(alert) &&
      alert.evaluatedThrough + 1 < this.coveredFrom
    );
  }

  /** Lets go of the alerts that miss ticks before `first`, the very first tick here; without a cursor only that shows. */
  letGoBefore(first: EvaluatedTick | undefined): WatchedAlert[] {
    if (this.last || !first) return [];
    const lacking = [...this.byId.values()].filter(
      ({ source, evaluatedThrough }) => source === first.source && evaluatedThrough + 1 < first.id,
    );
    for (const { id } of lacking) this.forget(id);
    return lacking;
  }

  /** Whether a newer state is known here or to the caller: the earlier of two reads may arrive later. */
  hasNewer({ id, version }: WatchedAlert, elsewhere: WatchedAlert | undefined): boolean {
    const known = elsewhere ?? this.byId.get(id) ?? this.unanchored.get(id);
    return known !== undefined && known.version > version;
  }

  /** Whether the rule is the one already compared with every tick so far, so that only its version is new. */
  knows(alert: WatchedAlert): boolean {
    const known = this.byId.get(alert.id);
    return known !== undefined && isSameRule(known, alert);
  }

  forget(id: string): void {
    this.unanchored.delete(id);
    const known = this.byId.get(id);
    if (!known?.direction) return;
    this.byId.delete(id);
    this.levels.remove(known, known.direction);
  }

  /** Gives every alert without a reference this one, unless the price stands on its target. */
  private anchor(reference: ReferenceTick): Anchoring[] {
    const anchorings: Anchoring[] = [];
    for (const alert of this.unanchored.values()) {
      const direction = directionTowards(alert.condition.value, reference.price);
      if (direction === null) continue;
      anchorings.push({ alert, direction, reference });
      this.unanchored.delete(alert.id);
      const { source, id } = reference;
      this.watch({ ...alert, direction, source, reference: id, evaluatedThrough: id });
    }
    return anchorings;
  }

  private watch(alert: WatchedAlert): void {
    if (alert.direction === null) return;
    this.byId.set(alert.id, alert);
    this.levels.add(alert, alert.direction);
  }

  /** Another source decides from now on: its prices are not comparable with the old one's. */
  private startOver(source: string): void {
    for (const alert of this.byId.values()) {
      if (alert.source === source) continue;
      this.forget(alert.id);
      this.unanchored.set(alert.id, alert);
    }
    this.ring.length = 0;
    this.last = null;
  }

  private remember(tick: EvaluatedTick): void {
    this.last = tick;
    this.ring.push(tick);
    if (this.ring.length > ringSize) this.ring.splice(0, ringSize / 2);
  }
}

function isReached(alert: WatchedAlert, tick: EvaluatedTick): boolean {
  return (
    alert.direction !== null &&
    alert.source === tick.source &&
    tick.id > alert.evaluatedThrough &&
    reaches(alert.condition.value, alert.direction, tick.price)
  );
}

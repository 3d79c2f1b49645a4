import type { Direction } from '../domain/price-condition.ts';

/** One price at which something happens; `value` is the float nearest to an exact decimal. */
export interface Level {
  readonly id: string;
  readonly value: number;
}

/**
 * The levels of one symbol, ordered by value and side, the nearest of each side first in line: a quiet tick
 * costs two comparisons. Floats only choose candidates, which the caller confirms in exact decimals; rounding
 * is monotonic, so no level that was reached is left out.
 */
export class Levels<L extends Level> {
  /** Waiting for a higher price, ascending. */
  private readonly up: L[] = [];
  /** Waiting for a lower price, descending. */
  private readonly down: L[] = [];
  private nearestUp = Infinity;
  private nearestDown = -Infinity;

  get size(): number {
    return this.up.length + this.down.length;
  }

  add(level: L, direction: Direction): void {
    const side = this[direction];
    side.splice(position(side, level, direction), 0, level);
    this.cacheNearest();
  }

  remove(level: L, direction: Direction): void {
    const side = this[direction];
    for (
      let at = position(side, level, direction);
      at < side.length && side[at]?.value === level.value;
      at++
    ) {
      if (side[at]?.id !== level.id) continue;
      side.splice(at, 1);
      break;
    }
    this.cacheNearest();
  }

  /** Every level that this price may have reached, nearest first; usually none. */
  candidates(price: number): readonly L[] {
    if (price < this.nearestUp && price > this.nearestDown) return none;
    const reached: L[] = [];
    for (const level of this.up) {
      if (level.value > price) break;
      reached.push(level);
    }
    for (const level of this.down) {
      if (level.value < price) break;
      reached.push(level);
    }
    return reached;
  }

  private cacheNearest(): void {
    this.nearestUp = this.up[0]?.value ?? Infinity;
    this.nearestDown = this.down[0]?.value ?? -Infinity;
  }
}

const none: readonly never[] = [];

/** The first place in `side` whose level is not nearer to the price than `level`. */
function position(side: readonly Level[], level: Level, direction: Direction): number {
  let low = 0;
  let high = side.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = side[middle]?.value ?? 0;
    if (direction === 'up' ? value < level.value : value > level.value) low = middle + 1;
    else high = middle;
  }
  return low;
}

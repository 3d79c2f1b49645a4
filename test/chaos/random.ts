import { createHash } from 'node:crypto';

/** Numbers that a seed decides, each stream by its own name: what one part draws changes nothing for another. */
export class Random {
  private state: number;

  constructor(seed: string, stream: string) {
    this.state = createHash('sha256').update(`${seed} ${stream}`).digest().readInt32LE();
  }

  /** At least 0, less than 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** So many moments within a span, one in each of as many equal parts of it. */
  moments(count: number, span: number): number[] {
    return Array.from({ length: count }, (_, index) => ((index + this.next()) * span) / count);
  }
}

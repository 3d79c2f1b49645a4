import { Big } from 'big.js';

const SCALE = 100_000_000n;

/** A decimal text, with or without an exponent, as a whole number of hundred-millionths. */
export function toUnits(decimal: string): bigint {
  return BigInt(new Big(decimal).times(1e8).toFixed(0, Big.roundDown));
}

/** Hundred-millionths with eight decimals, as Binance prints every amount. */
export function fromUnits(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(9, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** The product of two amounts, cut to eight decimals. */
export function multiplyUnits(a: bigint, b: bigint): bigint {
  return (a * b) / SCALE;
}

/** The quotient of two amounts, cut to eight decimals; zero when there is nothing to divide by. */
export function divideUnits(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : (a * SCALE) / b;
}

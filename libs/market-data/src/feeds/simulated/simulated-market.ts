import { createHash } from 'node:crypto';
import { demoSymbol } from '../../domain/catalogue.ts';
import { basePrices } from './base-prices.ts';

/** Milliseconds between two trades of a symbol. */
export const tickMs = 250;
/** Trades of one wave: every level well inside its range is crossed upward and downward within 16 seconds. */
const waveTicks = 64;

export interface SimulatedTrade {
  readonly price: string;
  readonly quantity: string;
}

/** Height of the wave and of the noise upon it, as parts of the base price. */
interface Shape {
  readonly base: number;
  readonly decimals: number;
  readonly wave: number;
  readonly noise: number;
}

/** A market whose every trade is a pure function of seed, symbol and trade id. */
export class SimulatedMarket {
  private readonly salts = new Map<string, number>();

  constructor(private readonly seed: string) {}

  /** The trade with this id, whether past or future. */
  tradeOf(symbol: string, id: number): SimulatedTrade {
    const { base, decimals, wave, noise } = shapeOf(symbol);
    const salt = this.saltOf(symbol);
    const phase = symbol === demoSymbol ? 0 : (salt % waveTicks) / waveTicks;
    const swing = wave * Math.sin(2 * Math.PI * ((id % waveTicks) / waveTicks + phase));
    const jitter = noise * (2 * fraction(id, salt) - 1);
    return {
      price: plain(base * (1 + swing + jitter), decimals),
      quantity: plain(0.01 + fraction(id, salt ^ 0x5bd1e995), 4),
    };
  }

  private saltOf(symbol: string): number {
    let salt = this.salts.get(symbol);
    if (salt === undefined) {
      salt = createHash('sha256').update(`${this.seed} ${symbol}`).digest().readUInt32BE();
      this.salts.set(symbol, salt);
    }
    return salt;
  }
}

/** The demo coin moves between 95 and 105, five digits after a real coin's first decide how finely it moves. */
function shapeOf(symbol: string): Shape {
  if (symbol === demoSymbol) return { base: 100, decimals: 2, wave: 0.045, noise: 0.005 };
  const base = basePrices[symbol] ?? 1;
  const decimals = Math.min(8, Math.max(2, 4 - Math.floor(Math.log10(base))));
  return { base, decimals, wave: 0.01, noise: 0.001 };
}

/** A number from 0 up to 1, spread evenly over neighbouring ids (the finaliser of MurmurHash3). */
function fraction(id: number, salt: number): number {
  let hash = (id ^ Math.floor(id / 0x1_0000_0000) ^ salt) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Without trailing zeros. */
function plain(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

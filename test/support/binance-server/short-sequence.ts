import { fromUnits } from './fixed-point.ts';
import type { Trade } from './trade.ts';

const START = Date.UTC(2025, 0, 6, 12, 0, 0);
const WALKS = [
  { symbol: 'BTCUSDT', firstId: 5_000_000_001, cents: 9_000_000, step: 4_000, everyMs: 500 },
  { symbol: 'ETHUSDT', firstId: 2_000_000_001, cents: 330_000, step: 150, everyMs: 1_000 },
];

/**
 * A market of our own for machines without a recording: two minutes of BTCUSDT (240 trades around 90,000) and
 * ETHUSDT (120 around 3,300). A seeded walk, so that it is the same on every machine; a slow wave on top makes it
 * cross its first price in both directions.
 */
export function shortSequence(): Trade[] {
  return WALKS.flatMap(({ symbol, firstId, cents, step, everyMs }) => {
    const random = seeded(firstId);
    let noise = 0;
    return Array.from({ length: 120_000 / everyMs }, (_, index) => {
      noise += (random() - 0.5) * step;
      const wave = Math.sin((index * everyMs) / 15_000) * step * 5;
      return {
        symbol,
        id: firstId + index,
        price: fromUnits(BigInt(Math.round(cents + wave + noise)) * 1_000_000n),
        quantity: fromUnits(BigInt(1 + Math.floor(random() * 5_000)) * 1_000n),
        time: START + index * everyMs + Math.floor(random() * everyMs),
        buyerIsMaker: random() < 0.5,
      };
    });
  }).toSorted((a, b) => a.time - b.time);
}

/** A linear congruential generator (Numerical Recipes' constants): good enough to scatter prices. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

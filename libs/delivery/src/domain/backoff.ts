/** A delivery is given up after this many tries that reached, or may have reached, a provider. */
export const maxAttempts = 12;

const firstMs = 2_000;
const growth = 4;
const longestMs = 4 * 3_600_000;

/**
 * Milliseconds until the next try after `attempts` tries: exponential with full jitter, so that recipients of
 * one campaign do not come back together. Twelve tries take nine hours on average, nineteen at most.
 */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
  return Math.floor(random() * Math.min(longestMs, firstMs * growth ** (attempts - 1)));
}

/** How a channel tries again. */
export interface Retries {
  /** A delivery is given up after so many tries that reached, or may have reached, a provider. */
  readonly maxAttempts: number;
  readonly firstMs: number;
  readonly growth: number;
  readonly longestMs: number;
}

/** Twelve tries take nine hours on average, nineteen at most. */
const email: Retries = { maxAttempts: 12, firstMs: 2_000, growth: 4, longestMs: 4 * 3_600_000 };

const ofChannels: ReadonlyMap<string, Retries> = new Map([['email', email]]);

export const retriesOf = (channel: string): Retries => ofChannels.get(channel) ?? email;

/** `maxAttempts` by channel, for statements. */
export const mostAttempts = Object.fromEntries(
  [...ofChannels].map(([name, { maxAttempts }]) => [name, maxAttempts]),
);

/**
 * Milliseconds until the next try after so many: exponential with full jitter, so that recipients of one campaign do
 * not come back together.
 */
export function backoffMs(
  { firstMs, growth, longestMs }: Retries,
  tries: number,
  random: () => number = Math.random,
): number {
  return Math.floor(random() * Math.min(longestMs, firstMs * growth ** (tries - 1)));
}

/** Tries of a delivery that have ended. */
export interface Tries {
  /** Those that count towards giving up. */
  readonly attempts: number;
  /** Those that its provider would have refused to any delivery. */
  readonly deferrals: number;
}

const mostDeferrals = 20;

/**
 * Counts one more. What only speaks of the provider is no attempt, or an outage would use up those of a hundred
 * thousand deliveries; but a delivery that always meets with it may be the reason, and must end some day.
 */
export function countTry({ attempts, deferrals }: Tries, ofProvider: boolean): Tries {
  return ofProvider && deferrals < mostDeferrals
    ? { attempts, deferrals: deferrals + 1 }
    : { attempts: attempts + 1, deferrals };
}

import { CircuitState, circuitBreaker, ConsecutiveBreaker, handleWhenResult, type IBackoff } from 'cockatiel';
import type { Outcome } from './channel.ts';
import { endedByUs, speaksOfProvider } from './speaks-of-provider.ts';

/** So many failures one after the other are no accident any more. */
const failuresToOpen = 5;
const firstRestMs = 5_000;
const longestRestMs = 60_000;

/** Whether messages go to a provider (`closed`), do not (`open`), or one does to find out (`half-open`). */
export type CircuitPosition = 'closed' | 'half-open' | 'open';

/**
 * Spares a provider that does not work, and the messages that would only fail there. It is asked before a message
 * is claimed and told of every outcome, so that it never stands between a claim and its hand-over.
 */
export class Circuit {
  private readonly breaker = circuitBreaker(
    handleWhenResult((outcome) => speaksOfProvider(outcome as Outcome)),
    {
      breaker: new ConsecutiveBreaker(failuresToOpen),
      halfOpenAfter: { next: ({ attempt }) => this.rest(attempt) },
    },
  );
  private restUntil = 0;
  private probing = false;

  /** @param changed called when it has opened or closed, not for each message that finds it open still */
  constructor(changed: (open: boolean) => void = () => undefined) {
    let open = false;
    this.breaker.onStateChange((state) => {
      if (state === CircuitState.HalfOpen || open === (state === CircuitState.Open)) return;
      changed((open = !open));
    });
  }

  get position(): CircuitPosition {
    if (this.breaker.state === CircuitState.Closed) return 'closed';
    return this.probing || Date.now() >= this.restUntil ? 'half-open' : 'open';
  }

  /** Milliseconds until a message may go there: 0 for now, infinite until the one under way has told. */
  get waitMs(): number {
    if (this.breaker.state === CircuitState.Closed) return 0;
    return this.probing ? Infinity : Math.max(0, this.restUntil - Date.now());
  }

  /** A message is on its way there; returns what to call when it has ended, with its outcome unless it has none. */
  begin(): (outcome?: Outcome) => Promise<void> {
    const probe = this.breaker.state !== CircuitState.Closed;
    if (probe) this.probing = true;
    return async (outcome) => {
      // Rejects what ends while the circuit rests: that began before it opened.
      if (outcome && !endedByUs(outcome)) await this.breaker.execute(() => outcome).catch(() => undefined);
      if (probe) this.probing = false;
    };
  }

  /** How long it rests after so many messages that failed in a row since it opened. */
  private rest(attempt: number): IBackoff<{ attempt: number }> {
    const duration = Math.min(longestRestMs, firstRestMs * 2 ** (attempt - 1));
    this.restUntil = Date.now() + duration;
    return { duration, next: (failed) => this.rest(failed.attempt) };
  }
}

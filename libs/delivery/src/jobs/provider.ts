import type { Channel } from '../channels/channel.ts';
import { Circuit, type CircuitPosition } from '../channels/circuit.ts';
import type { ProviderState } from './shared-limits.ts';

/** A provider as this worker sees it. */
export class Provider {
  readonly circuit: Circuit;
  /** Messages of its rate that were granted and did not go. */
  unused = 0;
  /** When to ask for more of its rate, by `performance.now()`. */
  askAt = 0;
  private pausedUntil = 0;
  private pauses = 0;

  /**
   * @param rate messages a second that all workers together may hand over; null for any number
   * @param changed called when it turns out not to work, and when it works again
   */
  constructor(
    readonly channel: Channel,
    readonly rate: number | null,
    changed?: (open: boolean) => void,
  ) {
    this.circuit = new Circuit(changed);
  }

  get name(): string {
    return this.channel.provider;
  }

  get position(): CircuitPosition | 'paused' {
    return this.pausedMs > 0 ? 'paused' : this.circuit.position;
  }

  /** Milliseconds until a message may go there, its rate aside; infinite when only an outcome under way can tell. */
  get waitMs(): number {
    return Math.max(this.pausedMs, this.circuit.waitMs);
  }

  /** Whether an acceptance is news to the other workers. */
  get hasPaused(): boolean {
    return this.pauses > 0 && this.pausedMs === 0;
  }

  /** One that was granted did not go: whoever waits may have it. */
  giveBack(): void {
    if (this.rate === null) return;
    this.unused += 1;
    this.askAt = 0;
  }

  learn({ pausedMs, pauses }: Omit<ProviderState, 'name'>): void {
    this.pausedUntil = pausedMs > 0 ? performance.now() + pausedMs : 0;
    this.pauses = pauses;
  }

  private get pausedMs(): number {
    return this.pausedUntil === 0 ? 0 : Math.max(0, this.pausedUntil - performance.now());
  }
}

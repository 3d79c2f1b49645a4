import type { Mood } from './conduct.ts';

/** Moments of a hand-over at which a worker can be struck. */
export const stages = ['recipient', 'data', 'dot', 'accepted', 'answered'] as const;
export type Stage = (typeof stages)[number];

/** What is done to the worker of a slot the next time that it comes to a stage. */
export interface Ambush {
  readonly stage: Stage;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** From the harness to the mail servers. */
export type Order =
  | {
      readonly order: 'open';
      readonly seed: string;
      readonly journal: string;
      readonly slots: readonly string[];
    }
  | { readonly order: 'mood'; readonly mood: Mood }
  | { readonly order: 'pid'; readonly slot: string; readonly pid: number | null }
  | { readonly order: 'ambush'; readonly slot: string; readonly ambush: Ambush | null };

/** From the mail servers to the harness. */
export type Report =
  | { readonly report: 'open'; readonly ports: Readonly<Record<string, number>> }
  /** Recipients of messages that were being handed over at that moment. */
  | {
      readonly report: 'struck';
      readonly slot: string;
      readonly ambush: Ambush;
      readonly at: number;
      readonly recipients: readonly string[];
    };

/** A line of the journal. Times are milliseconds since 1970. */
export interface JournalLine {
  readonly at: number;
  /** Whose worker hands it over. */
  readonly slot: string;
  /** Counts the hand-overs of a run. */
  readonly handOver: number;
  /**
   * `data`: the message may come from now on. `accepted`: from now on the message is the mail server's, and whoever reads the journal after a crash of the server
   * would deliver it. `answered`: 250 was written to a connection that was open. `unanswered`: the final dot has got no
   * answer and will not get one. `refused`: the message was not taken, and the worker was told.
   */
  readonly event: 'data' | 'dot' | 'accepted' | 'answered' | 'unanswered' | 'refused' | 'left' | 'struck';
  readonly recipient: string;
  /** Of a refusal. */
  readonly code?: number;
  /** Of the message, once it is there. */
  readonly messageId?: string;
  /** What a worker was struck with, and where. */
  readonly ambush?: Ambush;
}

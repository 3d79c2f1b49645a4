import type { Asked } from '../domain/choose-provider.ts';
import type { Outcome } from '../channels/channel.ts';
import type { Provider } from './provider.ts';

/** The right to claim one delivery and to hand it to this provider. */
export interface Permit {
  readonly provider: Provider;
  /** False once the provider has asked to wait, or turned out not to work, since this was given. */
  readonly holds: boolean;
  /** What became of the hand-over; returns whether another provider could take it at once. Never throws. */
  tell(outcome: Outcome): Promise<boolean>;
  /** The job is over; nothing was handed over unless somebody told of it. */
  end(): void;
}

/** A delivery whose job has come. */
export interface Applicant extends Asked {
  readonly deliveryId: string;
  readonly bulk: boolean;
}

/** One that cannot go yet. */
export interface Waiter extends Applicant {
  /** Who may take it, in order of preference. */
  readonly candidates: readonly Provider[];
  readonly resolve: (answer: Permit | number) => void;
}

/** Nobody waits longer before he looks again; what other workers learn is known after a second too. */
export const longestWaitMs = 1_000;
/** A job that must wait for one certain provider comes back after so long at the latest. */
const longestAbsenceMs = 30_000;

/** Whom to hand it to: a rate that is used up sends nobody to the next one. */
export const usable = (candidates: readonly Provider[]): Provider | undefined =>
  candidates.find(({ waitMs }) => waitMs === 0);

/** Milliseconds until it is worth looking again. */
export function soonest(candidates: readonly Provider[]): number {
  const provider = usable(candidates);
  if (provider) return provider.askAt - performance.now();
  return Math.min(...candidates.map(({ waitMs }) => waitMs));
}

/** Milliseconds until its job should come again, when others need its place. */
export const absence = ({ candidates }: Waiter): number =>
  Math.min(longestAbsenceMs, Math.max(longestWaitMs, soonest(candidates)));

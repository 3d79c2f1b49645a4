import type { Fault } from '../faults/fault-log.ts';
import type { Facts } from './facts.ts';
import type { Attempt, Delivery } from './timeline.ts';

export type Excuse = 'kill' | 'postgres-stop' | 'cut-lock' | 'unanswered';

/** Why an attempt may have been accepted without anybody having written it down: what broke while it was open. */
export function excusesOf({ faults, endings }: Pick<Facts, 'faults' | 'endings'>) {
  const kills = Map.groupBy(
    endings.map(({ name, at }) => ({ name, at })),
    ({ name }) => name,
  );
  const stops = faults.filter(({ kind }) => kind === 'postgres-stop');
  const cuts = Map.groupBy(
    faults.filter(({ kind }) => kind === 'cut-lock'),
    ({ slot }) => slot,
  );
  return (attempt: Attempt, { attemptRows }: Pick<Delivery, 'attemptRows'>): Excuse | null => {
    const { claimedAt, slot, seen } = attempt;
    const next = attemptRows[attemptRows.indexOf(attempt) + 1];
    const until = attempt.settledAt ?? next?.claimedAt ?? Infinity;
    const isOpenDuring = (fault: Pick<Fault, 'at' | 'until'>) =>
      claimedAt <= fault.until && fault.at <= until;
    if (seen.some(({ event }) => event === 'unanswered')) return 'unanswered';
    // Before that not one byte of the message can have left the worker.
    const begun = seen.find(({ event }) => event === 'data')?.at ?? Infinity;
    if ((kills.get(slot) ?? []).some(({ at }) => begun <= at && at <= until)) return 'kill';
    if (stops.some(isOpenDuring)) return 'postgres-stop';
    return (cuts.get(slot) ?? []).some(isOpenDuring) ? 'cut-lock' : null;
  };
}

/** Claims of a worker that were open when it was killed. */
export interface Kill {
  readonly slot: string;
  readonly at: number;
  readonly claims: number;
  /** Of these, past the final dot. */
  readonly afterDot: number;
}

export function killsOf({ endings }: Pick<Facts, 'endings'>, deliveries: readonly Delivery[]): Kill[] {
  const attempts = Map.groupBy(
    deliveries.flatMap(({ attemptRows }) => attemptRows),
    ({ slot }) => slot,
  );
  const begins = new Map<string, number>();
  return endings
    .filter(({ how, name }) => how === 'SIGKILL' && !name.startsWith('api'))
    .map(({ name: slot, at }) => {
      const since = begins.get(slot) ?? 0;
      begins.set(slot, at);
      const open = (attempts.get(slot) ?? []).filter(
        ({ claimedAt, settledAt }) => claimedAt > since && claimedAt <= at && (settledAt ?? Infinity) > at,
      );
      const dotted = open.filter(({ seen }) => seen.some((line) => line.event === 'dot' && line.at <= at));
      return { slot, at, claims: open.length, afterDot: dotted.length };
    });
}

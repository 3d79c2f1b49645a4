import type { Facts } from './facts.ts';

/** Everything that happened to one delivery, in order, as far as anybody has seen it. */
export function storyOf(facts: Facts, deliveryId: string): string {
  const delivery = facts.deliveries.find(({ id }) => id === deliveryId);
  if (!delivery) return '';
  const attempts = facts.attempts.filter((attempt) => attempt.deliveryId === deliveryId);
  const slots = new Set(attempts.map(({ slot }) => slot));
  const sendings = facts.sendings.filter(({ id }) => delivery.sources.includes(id));
  const first = attempts[0]?.claimedAt ?? 0;
  const seen = facts.journal.filter(({ recipient }) => recipient === delivery.recipient);
  const last = Math.max(
    ...seen.map(({ at }) => at),
    ...attempts.map((one) => one.settledAt ?? one.claimedAt),
  );
  const events: [number, string][] = [
    ...attempts.map(({ claimedAt, number, slot }): [number, string] => [
      claimedAt,
      `claim ${number} by ${slot}`,
    ]),
    ...attempts.flatMap(({ settledAt, number, slot, outcome }): [number, string][] =>
      settledAt === null ? [] : [[settledAt, `outcome of ${number} by ${slot}: ${outcome}`]],
    ),
    ...seen.map(({ at, event, slot, handOver, code }): [number, string] => [
      at,
      `mail server of ${slot}, hand-over ${handOver}: ${event} ${code ?? ''}`,
    ]),
    ...sendings.flatMap(({ type, answers }) =>
      answers.map(({ at, said }): [number, string] => [at, `deletion of the ${type} answered: ${said}`]),
    ),
    ...facts.deletions
      .filter(({ id }) => delivery.sources.includes(id))
      .map(({ at }): [number, string] => [at, 'deletion committed']),
    ...facts.endings
      .filter(({ name }) => slots.has(name))
      .map(({ at, name, how }): [number, string] => [at, `${name} ended: ${how}`]),
    ...facts.faults
      .filter(({ kind, slot }) => (slot === undefined || slots.has(slot)) && kind !== 'stray-jobs')
      .flatMap(({ kind, slot = '', at, until }): [number, string][] => [
        [at, `${kind} ${slot} begins`],
        [until, `${kind} ${slot} is over`],
      ]),
  ];
  const told = events
    .filter(([at]) => at >= first - 3_000 && at <= last + 10_000)
    .toSorted(([one], [other]) => one - other)
    .map(([at, what]) => `    ${((at - first) / 1000).toFixed(3).padStart(8)} s  ${what}`);
  const { status, tainted, reason } = delivery;
  return [
    `    ${deliveryId}: ${status}${tainted ? ', tainted' : ''} (${reason ?? 'no reason'})`,
    ...told,
  ].join('\n');
}

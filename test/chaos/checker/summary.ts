import type { Counts } from '../counts.ts';
import type { FaultKind } from '../faults/fault-log.ts';
import { killsOf } from './excuses.ts';
import type { Facts } from './facts.ts';
import { toleranceOf } from './duplicates.ts';
import { deliveriesOf } from './timeline.ts';
import type { Violation } from './violation.ts';

/** What a run held, by the names of {@link Counts}. */
export function heldBy(facts: Facts): Record<keyof Counts, number> {
  const { faults, sendings, endings } = facts;
  const kills = killsOf(facts, deliveriesOf(facts));
  const count = (kind: FaultKind) =>
    faults.filter((fault) => fault.kind === kind).reduce((sum, fault) => sum + (fault.count ?? 1), 0);
  return {
    notifications: sendings.length,
    deletions: sendings.filter(({ answers }) => answers.length > 0).length,
    workerKills: kills.length,
    killsWithClaim: kills.filter(({ claims }) => claims > 0).length,
    killsAfterDot: kills.filter(({ afterDot }) => afterDot > 0).length,
    pauses: count('pause'),
    cutLocks: count('cut-lock'),
    postgresStops: count('postgres-stop'),
    redisKills: count('redis-kill'),
    redisFlushes: count('redis-flush'),
    apiKills: endings.filter(({ name, how }) => name.startsWith('api') && how === 'SIGKILL').length,
    strayJobs: count('stray-jobs'),
  };
}

const told: Readonly<Record<keyof Counts, string>> = {
  notifications: 'notifications sent',
  deletions: 'deletions answered',
  workerKills: 'workers killed',
  killsWithClaim: '  while holding a claim',
  killsAfterDot: '  between the final dot and the commit',
  pauses: 'workers held for some seconds',
  cutLocks: 'lock connections cut',
  postgresStops: 'Postgres stopped at once',
  redisKills: 'Redis killed',
  redisFlushes: 'Redis flushed',
  apiKills: 'api killed',
  strayJobs: 'stray jobs',
};

/** The rules, in the order in which they are told. */
const rules = [
  'lost',
  'accepted after "cancelled"',
  'answered "cancelled", yet ever accepted',
  'row cancelled, yet ever accepted',
  'row failed, yet ever accepted',
  'attempt after an answer',
  'claim committed after the deletion',
  'untrue answer',
  'false "sent"',
  'duplicate on an untainted row',
  'duplicate without a reason',
  'made twice',
  'claimed out of turn',
  'not ended',
  'not drained within 60 s',
  'answers that are bugs',
  'ended by itself',
];

export function summaryOf(facts: Facts, wanted: Counts, violations: readonly Violation[]): string {
  const held = heldBy(facts);
  const line = (name: string, value: unknown, more = '') =>
    `  ${name.padEnd(42, '.')} ${String(value).padStart(7)}${more}`;
  const faults = Object.entries(told)
    .filter(([name]) => wanted[name as keyof Counts] + held[name as keyof Counts] > 0)
    .map(([name, text]) =>
      line(`${text} `, held[name as keyof Counts], ` of ${wanted[name as keyof Counts]}`),
    );
  const found = Map.groupBy(violations, ({ rule }) => rule);
  const counted = [...new Set([...rules, ...found.keys()])].map((rule) =>
    line(`${rule} `, found.get(rule)?.length ?? 0),
  );
  return [
    'It held',
    ...faults,
    'It came to',
    ...came(facts).map(([name, value]) => line(`${name} `, value)),
    'Violations',
    ...counted,
  ].join('\n');
}

function came(facts: Facts): [string, string | number][] {
  const { duplicates, excused } = toleranceOf(facts);
  const states = Map.groupBy(facts.deliveries, ({ status }) => status);
  const said = Map.groupBy(facts.sendings, ({ answers }) => answers[0]?.said ?? 'kept');
  const open = Object.values(excused).reduce((sum, count) => sum + count, 0);
  return [
    ...[...states].map(([status, rows]): [string, number] => [`deliveries ${status}`, rows.length]),
    ['deliveries tainted', facts.deliveries.filter(({ tainted }) => tainted).length],
    ...[...said].map(([answer, of]): [string, number] => [`first answer: ${answer}`, of.length]),
    ['attempts', facts.attempts.length],
    ['acceptances', facts.journal.filter(({ event }) => event === 'accepted').length],
    ...(['refused', 'left', 'unanswered'] as const).map((event): [string, number] => [
      `mail servers: ${event}`,
      facts.journal.filter((line) => line.event === event).length,
    ]),
    ['duplicates', duplicates],
    ['open hand-overs and outcomes', open],
    ...Object.entries(excused).map(([why, count]): [string, number] => [`  at a ${why}`, count]),
    ['seconds to drain', facts.drainedAfterMs === null ? 'never' : (facts.drainedAfterMs / 1000).toFixed(1)],
    [
      'answers by status',
      Object.entries(facts.statuses)
        .map((pair) => pair.join(': '))
        .join(', '),
    ],
  ];
}

import { isOpen, type Sending } from '../traffic/sending.ts';
import { duplicates, notExactly } from './duplicates.ts';
import type { Facts } from './facts.ts';
import { type Delivery, deliveriesOf } from './timeline.ts';
import type { Violation } from './violation.ts';

/** A sending with what became of it. */
interface Sent extends Sending {
  readonly deliveries: readonly Delivery[];
}

const ended = new Set(['sent', 'failed', 'cancelled', 'suppressed', 'unknown']);
const mostAttempts = 12;
const drainMs = 60_000;

/** Whether the mail server itself said that it never will take it. */
const refusedForGood = ({ seen }: Delivery): boolean =>
  seen.some(({ event, code = 0 }) => event === 'refused' && code >= 500);

/** Everything that is wrong with a run. */
export function violationsOf(facts: Facts, pausesOnly: boolean): Violation[] {
  const deliveries = deliveriesOf(facts);
  const bySource = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    for (const id of delivery.sources) bySource.set(id, [...(bySource.get(id) ?? []), delivery]);
  }
  const sent = facts.sendings.map((sending) => ({ ...sending, deliveries: bySource.get(sending.id) ?? [] }));
  return [
    ...sent.flatMap(lost),
    ...sent.flatMap(untrueAnswers),
    ...sent.flatMap(acceptedThoughCancelled),
    ...sent.flatMap(claimedAfterAnswer),
    ...claimedAfterDeletion(facts, bySource),
    ...deliveries.flatMap(untrueEnds),
    ...duplicates(facts, deliveries),
    ...outOfTurn(facts),
    ...drained(facts),
    ...unexpected(facts),
    ...(pausesOnly ? deliveries.flatMap(notExactly) : []),
  ];
}

/** Undeleted and promised, and yet neither accepted nor refused for good. */
function lost({ id, type, promised, deleted, recipients, deliveries }: Sent): Violation[] {
  const rule = 'lost';
  const made = new Set(deliveries.map(({ recipient }) => recipient));
  const twice: Violation[] =
    deliveries.length > made.size ? [{ rule: 'made twice', what: `deliveries of ${type} ${id}` }] : [];
  if (deleted || !promised) return twice;
  const missing = recipients.filter((to) => !made.has(to));
  const unsent = deliveries.filter((delivery) => {
    if (delivery.status === 'sent') return false;
    const givenUp = refusedForGood(delivery) || delivery.attempts >= mostAttempts;
    return !(givenUp && (delivery.status === 'failed' || delivery.status === 'unknown'));
  });
  return [
    ...twice,
    ...missing.map((to) => ({ rule, what: `no delivery to ${to} of ${type} ${id}` })),
    ...unsent.map((delivery) => ({ rule, what: `it is ${delivery.status}`, deliveryId: delivery.id })),
  ];
}

/** Answers that change, never become final, or say what the rows deny. */
function untrueAnswers({ id, type, answers, deleted, deliveries }: Sent): Violation[] {
  const rule = 'untrue answer';
  const final = answers.filter(({ said }) => !isOpen(said));
  const first = final[0]?.said;
  const said = [...new Set(answers.map((answer) => answer.said))].join(', ');
  const open = answers.findLastIndex((answer) => isOpen(answer.said));
  const told: Violation[] = [];
  if (deleted && !first) told.push({ rule, what: `${type} ${id} never has a final one: ${said}` });
  if (final.some((answer) => answer.said !== first)) {
    told.push({ rule, what: `${type} ${id} has several: ${said}` });
  }
  if (final[0] && open > answers.indexOf(final[0]))
    told.push({ rule, what: `${type} ${id} opens again: ${said}` });
  const leaving = deliveries.some(({ status, tainted }) => status === 'sent' || tainted);
  if (first === 'stopped' && !leaving)
    told.push({ rule, what: `${type} ${id} is stopped, but nothing left` });
  if (first === 'already-sent' && deliveries.some(({ status }) => status !== 'sent')) {
    told.push({ rule, what: `${type} ${id} is not all sent` });
  }
  return told;
}

function acceptedThoughCancelled({ answers, deliveries }: Sent): Violation[] {
  const cancelled = answers.find(({ said }) => said === 'cancelled');
  if (!cancelled) return [];
  return deliveries.flatMap(({ id, acceptances }) =>
    acceptances.map(({ at }) => ({
      rule: at > cancelled.at ? 'accepted after "cancelled"' : 'answered "cancelled", yet ever accepted',
      what: `${at - cancelled.at} ms after the answer`,
      deliveryId: id,
    })),
  );
}

/** After an answer, whatever it said, nothing new may begin. */
function claimedAfterAnswer({ answers, deliveries }: Sent): Violation[] {
  const [first] = answers;
  if (!first) return [];
  return deliveries.flatMap(({ id, attemptRows }) =>
    attemptRows
      .filter(({ claimedAt }) => claimedAt > first.at)
      .map(({ number, claimedAt }) => ({
        rule: 'attempt after an answer',
        what: `attempt ${number}, ${Math.round(claimedAt - first.at)} ms after "${first.said}"`,
        deliveryId: id,
      })),
  );
}

/** The same by the order of commits, whether or not anybody got the answer. */
function claimedAfterDeletion({ deletions }: Facts, bySource: ReadonlyMap<string, Delivery[]>): Violation[] {
  return deletions.flatMap(({ id: source, at }) =>
    (bySource.get(source) ?? []).flatMap(({ id, attemptRows }) =>
      attemptRows
        .filter(({ claimedAt }) => claimedAt > at)
        .map(({ number }) => ({
          rule: 'claim committed after the deletion',
          what: `attempt ${number}`,
          deliveryId: id,
        })),
    ),
  );
}

/** End states that lie, and rows that have none. */
function untrueEnds({ id, status, acceptances }: Delivery): Violation[] {
  const ever = acceptances.length > 0;
  if (status === 'sent' && !ever) return [{ rule: 'false "sent"', what: 'nobody took it', deliveryId: id }];
  if (ever && ['cancelled', 'failed', 'suppressed'].includes(status)) {
    return [
      { rule: `row ${status}, yet ever accepted`, what: `${acceptances.length} times`, deliveryId: id },
    ];
  }
  return ended.has(status) ? [] : [{ rule: 'not ended', what: `it is ${status}`, deliveryId: id }];
}

const outOfTurn = ({ outOfTurn: rows }: Facts): Violation[] =>
  rows.map(({ deliveryId, status, dueIn }) => ({
    rule: 'claimed out of turn',
    what: `while ${status}, ${Math.round(dueIn)} ms before it was due`,
    deliveryId,
  }));

function drained({ drainedAfterMs: ms }: Facts): Violation[] {
  const rule = 'not drained within 60 s';
  if (ms === null) return [{ rule, what: 'something is still under way' }];
  return ms <= drainMs ? [] : [{ rule, what: `it took ${Math.round(ms / 1000)} s` }];
}

/** Answers that are bugs by the contract, and processes that end by themselves. */
function unexpected({ statuses, endings, errors }: Facts): Violation[] {
  const bugs = Object.entries(statuses).filter(([status]) => status.startsWith('5') && status !== '503');
  const died = endings.filter(({ ready, how }) => ready && how !== 'SIGKILL');
  return [
    ...bugs.map(([status, count]) => ({ rule: 'answers that are bugs', what: `${count} times ${status}` })),
    ...errors.map((what) => ({ rule: 'answers that are bugs', what })),
    ...died.map(({ name, how }) => ({ rule: 'ended by itself', what: `${name} with ${how}` })),
  ];
}

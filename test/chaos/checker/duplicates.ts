import { type Excuse, excusesOf } from './excuses.ts';
import type { Facts } from './facts.ts';
import { type Delivery, deliveriesOf } from './timeline.ts';
import type { Violation } from './violation.ts';

/** A message that was taken more than once: only of a tainted row, and for each time more an attempt with an excuse. */
export function duplicates(facts: Facts, deliveries: readonly Delivery[]): Violation[] {
  const excuseOf = excusesOf(facts);
  return deliveries.flatMap((delivery) => {
    const { id: deliveryId, tainted, acceptances, attemptRows } = delivery;
    const more = acceptances.length - 1;
    if (more < 1) return [];
    const excused = attemptRows.filter((attempt) => excuseOf(attempt, delivery)).length;
    const found: Violation[] = [];
    if (!tainted) found.push({ rule: 'duplicate on an untainted row', what: `${more} more`, deliveryId });
    if (more > excused) {
      found.push({
        rule: 'duplicate without a reason',
        what: `${more} more, ${excused} excused`,
        deliveryId,
      });
    }
    return found;
  });
}

/** Where nothing but pauses happens, a message is taken once, and once more for each final dot without an answer. */
export function notExactly({ id, acceptances, seen }: Delivery): Violation[] {
  const unanswered = seen.filter(({ event }) => event === 'unanswered').length;
  if (acceptances.length === 1 + unanswered) return [];
  const what = `taken ${acceptances.length} times, unanswered ${unanswered}`;
  return [{ rule: 'duplicates are not the unanswered dots', what, deliveryId: id }];
}

/** How many attempts had such an excuse, and how many messages were taken more than once. */
export function toleranceOf(facts: Facts): { duplicates: number; excused: Readonly<Record<Excuse, number>> } {
  const excuseOf = excusesOf(facts);
  const excused = { kill: 0, 'postgres-stop': 0, 'cut-lock': 0, unanswered: 0 };
  let more = 0;
  for (const delivery of deliveriesOf(facts)) {
    more += Math.max(0, delivery.acceptances.length - 1);
    for (const attempt of delivery.attemptRows) {
      const excuse = excuseOf(attempt, delivery);
      if (excuse) excused[excuse] += 1;
    }
  }
  return { duplicates: more, excused };
}

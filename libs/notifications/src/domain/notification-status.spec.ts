import { describe, expect, it } from 'vitest';
import { noDeliveries, plus, shown, type Transition } from './delivery-counts.ts';
import { type NotificationStatus, statusOf } from './notification-status.ts';

const facts = { deleted: false, scheduled: false, requested: null, counts: noDeliveries };

describe('The status of a notification', () => {
  it('is draft, or scheduled, before sending begins', () => {
    expect(statusOf(facts)).toBe('draft');
    expect(statusOf({ ...facts, scheduled: true })).toBe('scheduled');
  });

  it('is deleted once it was deleted, whatever became of its deliveries', () => {
    const counts = { ...noDeliveries, sent: 1 };
    expect(statusOf({ ...facts, deleted: true })).toBe('deleted');
    expect(statusOf({ ...facts, deleted: true, requested: 2, counts })).toBe('deleted');
  });

  it.each<[NotificationStatus, number, Partial<typeof noDeliveries>]>([
    // Nothing has begun: told of or not.
    ['pending', 2, {}],
    ['pending', 2, { pending: 1 }],
    ['pending', 2, { pending: 2 }],
    // Something has begun, and not all of it has ended.
    ['sending', 1, { sending: 1 }],
    ['sending', 1, { retrying: 1 }],
    ['sending', 2, { pending: 1, sending: 1 }],
    ['sending', 2, { pending: 1, retrying: 1 }],
    ['sending', 2, { pending: 1, sent: 1 }],
    ['sending', 2, { sending: 1, sent: 1 }],
    ['sending', 2, { retrying: 1, sent: 1 }],
    ['sending', 2, { pending: 1, failed: 1 }],
    ['sending', 2, { sending: 1, failed: 1 }],
    ['sending', 2, { retrying: 1, failed: 1 }],
    ['sending', 2, { pending: 1, cancelled: 1 }],
    ['sending', 2, { pending: 1, suppressed: 1 }],
    ['sending', 2, { pending: 1, unknown: 1 }],
    // The others are not even told of.
    ['sending', 2, { sent: 1 }],
    ['sending', 2, { failed: 1 }],
    ['sending', 2, { cancelled: 1 }],
    ['sending', 2, { suppressed: 1 }],
    ['sending', 2, { unknown: 1 }],
    // All of it has been accepted.
    ['sent', 1, { sent: 1 }],
    ['sent', 3, { sent: 3 }],
    // A part of it has.
    ['partially_sent', 2, { sent: 1, failed: 1 }],
    ['partially_sent', 2, { sent: 1, unknown: 1 }],
    ['partially_sent', 2, { sent: 1, suppressed: 1 }],
    ['partially_sent', 2, { sent: 1, cancelled: 1 }],
    ['partially_sent', 5, { sent: 1, failed: 1, unknown: 1, suppressed: 1, cancelled: 1 }],
    // None of it has, as far as anybody knows.
    ['failed', 2, { failed: 2 }],
    ['failed', 1, { unknown: 1 }],
    ['failed', 1, { suppressed: 1 }],
    ['failed', 1, { cancelled: 1 }],
    ['failed', 4, { failed: 1, unknown: 1, suppressed: 1, cancelled: 1 }],
    // Told of in another order than it happened: of something that has begun, its beginning is missing.
    ['sending', 2, { pending: 1, sending: -1, failed: 1, sent: 1 }],
    ['partially_sent', 1, { sending: -1, failed: 1, sent: 1 }],
  ])('is %s when %i were asked for and %o', (status, requested, some) => {
    expect(statusOf({ ...facts, requested, counts: { ...noDeliveries, ...some } })).toBe(status);
  });

  it('is one of those that follow, whatever the counts', () => {
    const names = Object.keys(noDeliveries) as (keyof typeof noDeliveries)[];
    const of = (combination: number) =>
      Object.fromEntries(names.map((name, bit) => [name, (combination >> bit) & 1])) as typeof noDeliveries;
    const seen = Array.from({ length: 2 ** names.length - 1 }, (_, index) => of(index + 1)).map((counts) => {
      const { sent, pending, sending, retrying, ...not } = counts;
      const open = pending + sending + retrying;
      const others = Object.values(not).reduce((sum, count) => sum + count, 0);
      const asked = open + sent + others;
      const status = statusOf({ ...facts, requested: asked, counts });
      const rules: [NotificationStatus, boolean][] = [
        ['sent', sent === asked],
        ['failed', others === asked],
        ['partially_sent', open === 0],
        ['pending', pending === asked],
        ['sending', true],
      ];
      expect({ counts, status }).toEqual({ counts, status: rules.find(([, holds]) => holds)?.[0] });
      return status;
    });
    expect(new Set(seen)).toEqual(new Set(['pending', 'sending', 'sent', 'partially_sent', 'failed']));
  });
});

describe('The status of a notification of which a delivery was sent again', () => {
  const failed = [
    { from: null, to: 'pending', count: 2 },
    { from: 'pending', to: 'sending', count: 2 },
    { from: 'sending', to: 'sent', count: 1 },
    { from: 'sending', to: 'failed', count: 1 },
  ] as const satisfies Transition[];
  const again = { from: 'failed', to: 'pending', count: 1 } as const;
  const after = (...transitions: readonly Transition[]) =>
    statusOf({ ...facts, requested: 2, counts: [...failed, ...transitions].reduce(plus, noDeliveries) });

  it('follows the retry in its place', () => {
    const claimed = { from: 'pending', to: 'sending', count: 1 } as const;
    expect(after()).toBe('partially_sent');
    expect(after(again)).toBe('sending');
    expect(after(again, claimed)).toBe('sending');
    expect(after(again, claimed, { from: 'sending', to: 'sent', count: 1 })).toBe('sent');
    expect(after(again, claimed, { from: 'sending', to: 'failed', count: 1 })).toBe('partially_sent');
    expect(after(again, { from: 'pending', to: 'suppressed', count: 1 })).toBe('partially_sent');
  });
});

describe('Transitions', () => {
  const transitions: Transition[] = [
    { from: null, to: 'pending', count: 2 },
    { from: 'pending', to: 'sending', count: 2 },
    { from: 'sending', to: 'sent', count: 1 },
    { from: 'sending', to: 'pending', count: 1 },
    { from: 'pending', to: 'failed', count: 1 },
  ];
  const permutations = <T>(items: T[]): T[][] =>
    items.length < 2
      ? [items]
      : items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));

  it('come to the same counts in any order', () => {
    const orders = permutations(transitions);
    expect(orders).toHaveLength(120);
    for (const order of orders) {
      expect(order.reduce(plus, noDeliveries)).toEqual({ ...noDeliveries, sent: 1, failed: 1 });
    }
  });

  it('never make a notification look finished before each delivery ended, nor its counts negative', () => {
    for (const order of permutations(transitions)) {
      let counts = noDeliveries;
      let ended = 0;
      for (const transition of order) {
        counts = plus(counts, transition);
        if (transition.to === 'sent' || transition.to === 'failed') ended += 1;
        const over = ['sent', 'partially_sent', 'failed'].includes(
          statusOf({ ...facts, requested: 2, counts }),
        );
        expect(over && ended < 2).toBe(false);
        expect(Math.min(...Object.values(shown(counts)))).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

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
    ['pending', 2, {}],
    ['pending', 2, { pending: 1 }],
    ['pending', 2, { pending: 2 }],
    ['sending', 2, { pending: 1, sending: 1 }],
    ['sending', 2, { pending: 1, retrying: 1 }],
    ['sending', 2, { pending: 1, sent: 1 }],
    ['sending', 2, { pending: 1, failed: 1 }],
    ['sending', 2, { sent: 1 }],
    ['sending', 2, { sending: 1, sent: 1 }],
    ['sent', 1, { sent: 1 }],
    ['sent', 3, { sent: 3 }],
    ['partially_sent', 2, { sent: 1, failed: 1 }],
    ['partially_sent', 2, { sent: 1, unknown: 1 }],
    ['partially_sent', 2, { sent: 1, suppressed: 1 }],
    ['partially_sent', 2, { sent: 1, cancelled: 1 }],
    ['failed', 2, { failed: 2 }],
    ['failed', 1, { unknown: 1 }],
    ['failed', 1, { suppressed: 1 }],
    ['failed', 2, { failed: 1, suppressed: 1 }],
    ['sending', 1, { failed: 1, pending: 1 }],
  ])('is %s when %i were asked for and %o', (status, requested, some) => {
    expect(statusOf({ ...facts, requested, counts: { ...noDeliveries, ...some } })).toBe(status);
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

import { describe, expect, it } from 'vitest';
import type { JournalLine } from '../post-office/messages.ts';
import type { Facts } from './facts.ts';
import { violationsOf } from './rules.ts';

const line = (at: number, event: JournalLine['event'], more: Partial<JournalLine> = {}): JournalLine => ({
  at,
  slot: 'sender_1',
  handOver: 1,
  event,
  recipient: 'ada',
  ...more,
});
const handedOver = [line(110, 'data'), line(120, 'dot'), line(130, 'accepted'), line(140, 'answered')];
const again = [150, 160, 170, 180].map((at, index) => ({
  ...(handedOver[index] as JournalLine),
  at: at + 200,
  handOver: 2,
}));

/** One message to one person that was sent as it should be, with what differs. */
function factsWith(different: Partial<Facts> = {}): Facts {
  return {
    sendings: [
      { type: 'notification', id: 'n', recipients: ['ada'], promised: true, deleted: false, answers: [] },
    ],
    journal: handedOver,
    faults: [],
    endings: [],
    statuses: { '202': 1, '503': 3 },
    errors: [],
    deliveries: [
      {
        id: 'd',
        recipient: 'ada',
        status: 'sent',
        reason: null,
        tainted: false,
        attempts: 1,
        sources: ['n'],
      },
    ],
    attempts: [attempt(1, 100, 150)],
    deletions: [],
    outOfTurn: [],
    drainedAfterMs: 2_000,
    ...different,
  };
}
const attempt = (number: number, claimedAt: number, settledAt: number | null): Facts['attempts'][number] => ({
  id: `a${number}`,
  deliveryId: 'd',
  number,
  slot: 'sender_1',
  claimedAt,
  outcome: 'accepted',
  settledAt,
});
const row = (status: string, tainted = false): Facts['deliveries'] =>
  factsWith().deliveries.map((delivery) => ({ ...delivery, status, tainted }));
const answered = (...answers: Facts['sendings'][number]['answers']): Facts['sendings'] =>
  factsWith().sendings.map((sending) => ({ ...sending, deleted: true, answers }));
const rulesBrokenBy = (different: Partial<Facts>): string[] =>
  violationsOf(factsWith(different), false).map(({ rule }) => rule);

describe('the checker', () => {
  it('has nothing to say of a message that was sent once', () => {
    expect(violationsOf(factsWith(), true)).toEqual([]);
  });

  it('finds what is lost: no row, a row that gave up without a reason, a row that still waits', () => {
    expect(rulesBrokenBy({ deliveries: [], attempts: [], journal: [] })).toEqual(['lost']);
    expect(rulesBrokenBy({ deliveries: row('failed'), journal: [] })).toEqual(['lost']);
    expect(rulesBrokenBy({ deliveries: row('pending'), journal: [] })).toEqual(['lost', 'not ended']);
    const refused = [line(110, 'refused', { code: 550 })];
    expect(rulesBrokenBy({ deliveries: row('failed'), journal: refused })).toEqual([]);
  });

  it('finds what was accepted although its cancellation was answered, before or after', () => {
    const deliveries = row('sent');
    const later = answered({ at: 200, said: 'cancelled' });
    expect(rulesBrokenBy({ sendings: later, deliveries })).toEqual([
      'answered "cancelled", yet ever accepted',
    ]);
    const earlier = answered({ at: 125, said: 'cancelled' });
    expect(rulesBrokenBy({ sendings: earlier, deliveries })).toEqual(['accepted after "cancelled"']);
    expect(rulesBrokenBy({ deliveries: row('cancelled') })).toContain('row cancelled, yet ever accepted');
  });

  it('finds a claim after an answer, and after a deletion that nobody was answered', () => {
    const sendings = answered({ at: 90, said: 'pending' }, { at: 300, said: 'stopped' });
    expect(rulesBrokenBy({ sendings })).toEqual(['attempt after an answer']);
    expect(rulesBrokenBy({ deletions: [{ id: 'n', at: 99 }] })).toEqual([
      'claim committed after the deletion',
    ]);
  });

  it.each([
    ['never become final', answered({ at: 200, said: 'pending' })],
    ['change', answered({ at: 200, said: 'stopped' }, { at: 300, said: 'cancelled' })],
    ['open again', answered({ at: 200, said: 'stopped' }, { at: 300, said: 'pending' })],
  ])('finds answers that %s', (_, sendings) => {
    expect(rulesBrokenBy({ sendings, journal: handedOver })).toContain('untrue answer');
  });

  it('finds a row that says sent though nobody took it', () => {
    expect(rulesBrokenBy({ journal: handedOver.slice(0, 2) })).toEqual(['false "sent"']);
  });

  describe('of a message that was taken twice', () => {
    const twice = { journal: [...handedOver, ...again], deliveries: row('sent', true) };
    const attempts = [attempt(1, 100, null), attempt(2, 300, 400)];

    it('wants a reason', () => {
      expect(rulesBrokenBy({ ...twice, attempts })).toEqual(['duplicate without a reason']);
    });

    it('wants the row to say so', () => {
      const endings = [{ name: 'sender_1', at: 135, ready: true, how: 'SIGKILL' }];
      const deliveries = row('sent');
      expect(rulesBrokenBy({ ...twice, attempts, endings, deliveries })).toEqual([
        'duplicate on an untainted row',
      ]);
    });

    it.each([
      ['a kill past DATA', { endings: [{ name: 'sender_1', at: 135, ready: true, how: 'SIGKILL' }] }],
      ['a cut lock', { faults: [{ kind: 'cut-lock' as const, slot: 'sender_1', at: 101, until: 105 }] }],
      ['a stop of Postgres', { faults: [{ kind: 'postgres-stop' as const, at: 101, until: 900 }] }],
      ['a dot without an answer', { journal: [...twice.journal, line(145, 'unanswered')] }],
    ])('takes %s for one', (_, reason) => {
      expect(rulesBrokenBy({ ...twice, attempts, ...reason })).toEqual([]);
    });

    it.each([
      ['a kill before DATA', { endings: [{ name: 'sender_1', at: 105, ready: true, how: 'SIGKILL' }] }],
      ['a kill of another', { endings: [{ name: 'sender_2', at: 135, ready: true, how: 'SIGKILL' }] }],
      [
        'a cut lock before the claim',
        { faults: [{ kind: 'cut-lock' as const, slot: 'sender_1', at: 80, until: 90 }] },
      ],
    ])('does not take %s for one', (_, reason) => {
      expect(rulesBrokenBy({ ...twice, attempts, ...reason })).toEqual(['duplicate without a reason']);
    });
  });

  it('finds a duplicate that no unanswered dot explains where only pauses happen', () => {
    const journal = [...handedOver, ...again];
    const found = violationsOf(factsWith({ journal, deliveries: row('sent', true) }), true);
    expect(found.map(({ rule }) => rule)).toContain('duplicates are not the unanswered dots');
  });

  it('finds claims out of turn, a drain that takes too long, bugs in answers, and processes that end', () => {
    expect(rulesBrokenBy({ outOfTurn: [{ deliveryId: 'd', status: 'pending', dueIn: 500 }] })).toEqual([
      'claimed out of turn',
    ]);
    expect(rulesBrokenBy({ drainedAfterMs: 60_001 })).toEqual(['not drained within 60 s']);
    expect(rulesBrokenBy({ drainedAfterMs: null })).toEqual(['not drained within 60 s']);
    expect(rulesBrokenBy({ statuses: { '500': 1 } })).toEqual(['answers that are bugs']);
    const endings = [{ name: 'api_1', at: 1, ready: true, how: 'code 1' }];
    expect(rulesBrokenBy({ endings })).toEqual(['ended by itself']);
  });
});

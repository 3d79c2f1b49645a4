import { describe, expect, it } from 'vitest';
import { type Unsettled, type OutcomeKind, settle, type Settled } from './settle.ts';
import { retriesOf } from './backoff.ts';

const fresh: Unsettled = { channel: 'email', tainted: false, attempts: 1, deleted: false };
const tainted = { ...fresh, tainted: true };
const last = { ...fresh, attempts: retriesOf('email').maxAttempts };
const deleted = { ...fresh, deleted: true };

const table: [OutcomeKind, string, Unsettled, Settled['status']][] = [
  ['accepted', 'a first try', fresh, 'sent'],
  ['accepted', 'a tainted one', tainted, 'sent'],
  ['accepted', 'one whose source was deleted meanwhile', deleted, 'sent'],
  ['refused', 'a first try', fresh, 'pending'],
  ['refused', 'a tainted one', tainted, 'retrying'],
  ['refused', 'the last try', last, 'failed'],
  ['refused', 'the last try of a tainted one', { ...last, tainted: true }, 'unknown'],
  ['refused', 'one whose source is deleted', deleted, 'cancelled'],
  ['refused', 'a tainted one whose source is deleted', { ...deleted, tainted: true }, 'unknown'],
  ['failed', 'a first try', fresh, 'failed'],
  ['failed', 'a tainted one', tainted, 'unknown'],
  ['failed', 'one whose source is deleted', deleted, 'failed'],
  ['ambiguous', 'a first try', fresh, 'retrying'],
  ['ambiguous', 'the last try', last, 'unknown'],
  ['ambiguous', 'one whose source is deleted', deleted, 'unknown'],
];

describe('the state after an attempt', () => {
  it.each(table)('%s, %s', (outcome, _case, before, status) => {
    expect(settle(outcome, before).status).toBe(status);
  });

  it('is tainted by an ambiguous answer and stays so', () => {
    expect(settle('ambiguous', fresh).tainted).toBe(true);
    expect(settle('refused', fresh).tainted).toBe(false);
    for (const outcome of ['accepted', 'refused', 'failed', 'ambiguous'] as const) {
      expect(settle(outcome, tainted).tainted).toBe(true);
    }
  });
});

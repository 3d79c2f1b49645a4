import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outcome } from './channel.ts';
import { Circuit } from './circuit.ts';

const outcome = (kind: Outcome['kind'], code: string): Outcome => ({
  kind,
  code,
  response: null,
  messageId: null,
  pause: false,
  request: null,
});
const dead = outcome('refused', 'ECONNECTION');
const unknownRecipient = outcome('failed', '550');

describe('the circuit to a provider', () => {
  const changes: boolean[] = [];
  let circuit: Circuit;

  beforeEach(() => {
    vi.useFakeTimers();
    changes.length = 0;
    circuit = new Circuit((open) => changes.push(open));
  });
  afterEach(() => void vi.useRealTimers());

  const meet = async (...outcomes: Outcome[]) => {
    for (const one of outcomes) await circuit.begin()(one);
  };
  const times = (count: number, one: Outcome) => Array.from({ length: count }, () => one);

  it('opens after five failures one after the other', async () => {
    await meet(...times(4, dead));
    expect(circuit).toMatchObject({ position: 'closed', waitMs: 0 });
    await meet(dead);
    expect(circuit).toMatchObject({ position: 'open', waitMs: 5_000 });
    expect(changes).toEqual([true]);
  });

  it('stays closed when anything else comes between them, such as a recipient that does not exist', async () => {
    await meet(...times(4, dead), unknownRecipient, ...times(4, dead));
    expect(circuit.position).toBe('closed');
  });

  it('stays closed whatever is refused of messages and recipients', async () => {
    await meet(...times(20, unknownRecipient), ...times(20, outcome('refused', '450')));
    expect(circuit.position).toBe('closed');
  });

  it('lets one message through after a rest, and no other one beside it', async () => {
    await meet(...times(5, dead));
    vi.advanceTimersByTime(4_999);
    expect(circuit.waitMs).toBe(1);
    vi.advanceTimersByTime(1);
    expect(circuit).toMatchObject({ position: 'half-open', waitMs: 0 });
    const ended = circuit.begin();
    expect(circuit).toMatchObject({ position: 'half-open', waitMs: Infinity });
    await ended(outcome('accepted', '250'));
    expect(circuit).toMatchObject({ position: 'closed', waitMs: 0 });
    expect(changes).toEqual([true, false]);
  });

  it('rests longer each time that it fails, up to a minute, and says so once', async () => {
    await meet(...times(5, dead));
    const rests: number[] = [];
    for (let probe = 0; probe < 6; probe++) {
      rests.push(circuit.waitMs);
      vi.advanceTimersByTime(circuit.waitMs);
      await meet(dead);
    }
    expect(rests).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(changes).toEqual([true]);
  });

  it('takes another message to find out when the first one came to nothing', async () => {
    await meet(...times(5, dead));
    vi.advanceTimersByTime(5_000);
    await circuit.begin()();
    expect(circuit).toMatchObject({ position: 'half-open', waitMs: 0 });
  });

  it('is not opened longer by what had begun before it opened', async () => {
    const late = circuit.begin();
    await meet(...times(5, dead));
    await late(dead);
    expect(circuit.waitMs).toBe(5_000);
  });

  it('begins anew once it has closed', async () => {
    await meet(...times(5, dead));
    vi.advanceTimersByTime(5_000);
    await meet(outcome('accepted', '250'), ...times(4, dead));
    expect(circuit.position).toBe('closed');
    await meet(dead);
    expect(circuit.waitMs).toBe(5_000);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { TradeSequence } from './trade-sequence.ts';

interface Numbered {
  id: number;
  from?: string;
}

const trades = (...ids: number[]): Numbered[] => ids.map((id) => ({ id }));
const ids = (passed: Numbered[]): number[] => passed.map(({ id }) => id);

describe('A sequence of trades', () => {
  let sequence: TradeSequence<Numbered>;
  beforeEach(() => {
    sequence = new TradeSequence<Numbered>(5);
  });

  const live = (...all: number[]): number[] => all.flatMap((id) => ids(sequence.live({ id })));
  const page = (all: number[], full = false): { passed: number[]; gaps: unknown[] } => {
    sequence.ask();
    const { passed, gaps } = sequence.page(trades(...all), full);
    return { passed: ids(passed), gaps };
  };
  /** A sequence that follows the stream, the next id being 100. */
  const following = (): void => {
    sequence.startAt(100);
    page([]);
  };

  describe('that follows the stream', () => {
    beforeEach(following);

    it('passes each trade on as it comes', () => {
      expect(live(100, 101, 102)).toEqual([100, 101, 102]);
      expect(sequence).toMatchObject({ next: 103, behind: false, late: 0 });
    });

    it('drops what it has passed on before', () => {
      expect(live(100, 100, 99, 101, 1)).toEqual([100, 101]);
      expect(sequence).toMatchObject({ behind: false, late: 3 });
    });

    it('holds back what comes after a jump until history has filled it', () => {
      expect(live(100, 103, 104)).toEqual([100]);
      expect(sequence.behind).toBe(true);
      expect(sequence.ask()).toBe(101);
      expect(ids(sequence.page(trades(101, 102, 103), false).passed)).toEqual([101, 102, 103, 104]);
      expect(sequence).toMatchObject({ next: 105, behind: false });
    });

    it('puts two exchanged trades in order without history', () => {
      expect(live(101)).toEqual([]);
      expect(live(100)).toEqual([100, 101]);
      expect(sequence.behind).toBe(false);
    });

    it('counts a held trade that comes again, and passes it on once', () => {
      expect(live(102, 102)).toEqual([]);
      expect(sequence.late).toBe(1);
      expect(page([100, 101, 102]).passed).toEqual([100, 101, 102]);
    });

    it('asks again while history ends before what is held', () => {
      live(103);
      expect(page([100]).passed).toEqual([100]);
      expect(sequence.behind).toBe(true);
      expect(sequence.ask()).toBe(101);
    });

    it('goes on from the stream when that closes the jump before history answers', () => {
      live(101);
      expect(sequence.ask()).toBe(100);
      expect(live(100, 102)).toEqual([100, 101, 102]);
      expect(sequence.behind).toBe(false);
      expect(sequence.page(trades(100, 101), false)).toEqual({ passed: [], gaps: [] });
      expect(sequence).toMatchObject({ next: 103, behind: false });
    });

    it('accepts ids that history does not have, and names them', () => {
      live(108);
      expect(page([102, 103, 106])).toEqual({
        passed: [102, 103, 106],
        gaps: [
          { from: 100, to: 101 },
          { from: 104, to: 105 },
        ],
      });
      expect(sequence).toMatchObject({ next: 107, behind: true });
    });

    it('takes from the stream what history left out', () => {
      live(103);
      expect(page([102, 104])).toEqual({ passed: [102, 103, 104], gaps: [{ from: 100, to: 101 }] });
    });

    it('keeps the copy of the stream when history brings the same trade', () => {
      sequence.live({ id: 101, from: 'stream' });
      sequence.ask();
      expect(
        sequence.page(
          [
            { id: 100, from: 'history' },
            { id: 101, from: 'history' },
          ],
          false,
        ).passed,
      ).toEqual([
        { id: 100, from: 'history' },
        { id: 101, from: 'stream' },
      ]);
    });

    it('drops the oldest when it holds too many, and history still fills everything', () => {
      expect(live(102, 103, 104, 105, 106, 107)).toEqual([]);
      expect(page([100, 101], true).passed).toEqual([100, 101]);
      expect(sequence.ask()).toBe(102);
      expect(ids(sequence.page(trades(102), true).passed)).toEqual([102, 103, 104, 105, 106, 107]);
      expect(sequence.behind).toBe(false);
    });

    it('asks history after a doubt, and forgets what it held', () => {
      live(105);
      sequence.doubt();
      expect(sequence.behind).toBe(true);
      expect(page([100, 101, 102]).passed).toEqual([100, 101, 102]);
      expect(sequence).toMatchObject({ next: 103, behind: false });
    });

    it('is content when the stream goes on without a jump after a doubt', () => {
      sequence.doubt();
      expect(live(100)).toEqual([100]);
      expect(sequence.behind).toBe(false);
    });

    it('asks once more when the doubt came after the question', () => {
      sequence.ask();
      sequence.doubt();
      sequence.page(trades(100), false);
      expect(sequence).toMatchObject({ next: 101, behind: true });
    });

    it('asks again when history did not answer', () => {
      sequence.doubt();
      sequence.ask();
      expect(sequence.behind).toBe(true);
    });
  });

  describe('that starts from a cursor', () => {
    beforeEach(() => {
      sequence.startAt(100);
    });

    it('asks history at once', () => {
      expect(sequence.behind).toBe(true);
      expect(sequence.ask()).toBe(100);
    });

    it('asks for page after page until one is not full', () => {
      expect(page([100, 101], true).passed).toEqual([100, 101]);
      expect(sequence.behind).toBe(true);
      expect(page([102], false).passed).toEqual([102]);
      expect(sequence.behind).toBe(false);
    });

    it('is done when a full page meets the stream', () => {
      live(102, 103);
      expect(page([100, 101], true).passed).toEqual([100, 101, 102, 103]);
      expect(sequence.behind).toBe(false);
    });

    it('passes over what the stream brought before the cursor was known', () => {
      const late = new TradeSequence<Numbered>(5);
      for (const id of [98, 99, 100, 101]) late.live({ id });
      expect(ids(late.startAt(100))).toEqual([100, 101]);
      expect(late).toMatchObject({ next: 102, behind: false });
    });
  });

  describe('that starts with nothing', () => {
    it('begins with the page that history gives, after which the stream counts', () => {
      expect(live(41, 42)).toEqual([]);
      expect(sequence.ask()).toBeNull();
      expect(ids(sequence.page(trades(40), false).passed)).toEqual([40, 41, 42]);
      expect(sequence).toMatchObject({ next: 43, behind: false });
    });

    it('stays behind when history has no trade at all', () => {
      page([]);
      expect(sequence).toMatchObject({ next: null, behind: true });
    });

    it('begins with the first trade of the stream when history cannot say', () => {
      expect(sequence.startWithFirst()).toEqual([]);
      expect(live(70, 71)).toEqual([70, 71]);
      expect(sequence.behind).toBe(false);
    });

    it('begins with the first it holds when history cannot say', () => {
      live(70, 71);
      expect(ids(sequence.startWithFirst())).toEqual([70, 71]);
      expect(sequence.behind).toBe(false);
    });
  });
});

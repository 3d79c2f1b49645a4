import { describe, expect, it } from 'vitest';
import { Levels } from './levels.ts';

const at = (value: number, id = String(value)) => ({ id, value });

describe('the levels of a symbol', () => {
  it('names none for a price between the nearest of each side', () => {
    const levels = new Levels();
    levels.add(at(110), 'up');
    levels.add(at(90), 'down');
    expect(levels.candidates(100)).toEqual([]);
  });

  it('names every level a jump passed, nearest first, and none beyond it', () => {
    const levels = new Levels();
    for (const value of [105, 101, 103, 120]) levels.add(at(value), 'up');
    for (const value of [80, 95, 99]) levels.add(at(value), 'down');
    expect(levels.candidates(105).map(({ value }) => value)).toEqual([101, 103, 105]);
    expect(levels.candidates(94.99).map(({ value }) => value)).toEqual([99, 95]);
  });

  it('forgets exactly the level that was removed, also among equals', () => {
    const levels = new Levels();
    for (const id of ['a', 'b', 'c']) levels.add(at(100, id), 'up');
    levels.remove(at(100, 'b'), 'up');
    expect(levels.candidates(100).map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'c']));
    expect(levels.size).toBe(2);
    levels.remove(at(100, 'a'), 'up');
    levels.remove(at(100, 'c'), 'up');
    expect(levels.candidates(Infinity)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { versionsIn } from './if-match.ts';

describe('If-Match', () => {
  it.each<[string | undefined, number[] | null]>([
    [undefined, null],
    ['*', null],
    [' * ', null],
    ['"3"', [3]],
    ['"3", "4"', [3, 4]],
    ['"3","4" ,\t"5"', [3, 4, 5]],
    [', "3",, "4" ,', [3, 4]],
    ['"3,4"', []],
    ['"abc"', []],
    ['""', []],
    ['"03"', []],
    ['"0"', []],
    ['"99999999999999999999"', []],
    ['"gr\u00fcn", "2"', [2]],
  ])('%j names the versions %j', (header, versions) => {
    expect(versionsIn(header)).toEqual(versions);
  });

  it('compares strongly: a weak tag names no version', () => {
    expect(versionsIn('W/"3"')).toEqual([]);
    expect(versionsIn('W/"3", "4"')).toEqual([4]);
  });

  it.each([
    '',
    ' ',
    '3',
    '"3 "',
    '"3',
    '3"',
    '"3" "4"',
    '"3"4',
    'w/"3"',
    'W/ "3"',
    '*, "3"',
    '"3", *',
    '"a"b"c"',
    "'3'",
  ])('%j is malformed', (header) => {
    expect(() => versionsIn(header)).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('of any length is read in no time', () => {
    expect(() => versionsIn(`${' \t,'.repeat(5000)}"3`)).toThrow('If-Match');
    expect(versionsIn(`${'"1", '.repeat(3000)}"2"`)).toHaveLength(3001);
  });
});

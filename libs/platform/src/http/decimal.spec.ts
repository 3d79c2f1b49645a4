import { describe, expect, it } from 'vitest';
import { decimalInput, decimalOutput } from './decimal.ts';

const long = '123456789012345678901';

describe('a decimal of the input', () => {
  it.each([
    ['33000', '33000'],
    ['0', '0'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['1.50', '1.5'],
    ['1.00', '1'],
    ['100', '100'],
    ['100.0', '100'],
    ['-12.340', '-12.34'],
    ['0.00000001', '0.00000001'],
    [' 1.5\n', '1.5'],
    [`${long}.01234567890123456789`, `${long}.01234567890123456789`],
    [33000, '33000'],
    [1.5, '1.5'],
    [-0, '0'],
    [0.000001, '0.000001'],
    [999_999_999_999_999_900_000, '999999999999999900000'],
  ])('may be %j and becomes %s', (given, normalised) => {
    expect(decimalInput.parse(given)).toBe(normalised);
    expect(decimalOutput.parse(normalised)).toBe(normalised);
  });

  it.each([
    '',
    ' ',
    '1.',
    '.5',
    '-',
    '+1',
    '--1',
    '007',
    '1e5',
    '1E-5',
    '0x10',
    '1_000',
    '1,000',
    '1 000',
    '1.2.3',
    'Infinity',
    'NaN',
    'eleven',
    '١٢',
    `${long}2`,
    `0.${long}`,
    1e21,
    1e-7,
  ])('may not be %j', (given) => {
    const { success, error } = decimalInput.safeParse(given);
    expect(success).toBe(false);
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'Give a plain decimal, at most 21 digits before and 20 after the point, without an exponent.',
    ]);
  });

  it.each([undefined, null, true, Number.NaN, Number.POSITIVE_INFINITY, ['1'], { value: '1' }])(
    'is a string or a number, not %j',
    (given) => {
      expect(decimalInput.safeParse(given).error?.issues.map(({ message }) => message)).toEqual([
        'Give a decimal as a string or a number.',
      ]);
    },
  );
});

describe('a decimal of the output', () => {
  it.each(['1.50', '1.', '.5', '1e5', '+1', ''])('is never %j', (text) => {
    expect(decimalOutput.safeParse(text).success).toBe(false);
  });
});

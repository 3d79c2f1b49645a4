import { describe, expect, it } from 'vitest';
import { positiveDecimal } from './exact-decimal.ts';

describe('A decimal of a feed', () => {
  it.each([
    ['61837.63000000', '61837.63'],
    ['2683.80000000', '2683.8'],
    ['100.00000000', '100'],
    ['100', '100'],
    ['0.00000172', '0.00000172'],
    ['007.10', '7.1'],
    ['999999999999999.999999999999999999', '999999999999999.999999999999999999'],
  ])('%s is kept to the last digit as %s', (given, exact) => {
    expect(positiveDecimal(given)).toBe(exact);
  });

  it.each([
    '0',
    '0.00000000',
    '-1',
    '+1',
    '1e5',
    '1.',
    '.5',
    '',
    ' 1',
    '1,5',
    'NaN',
    'Infinity',
    '0x10',
    '1000000000000000',
    '0.0000000000000000001',
    1,
    null,
    undefined,
    ['1'],
  ])('%j is none', (given) => {
    expect(positiveDecimal(given)).toBeNull();
  });
});

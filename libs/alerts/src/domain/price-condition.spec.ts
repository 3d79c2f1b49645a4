import { describe, expect, it } from 'vitest';
import { directionTowards, reaches } from './price-condition.ts';

describe('a level', () => {
  it('is reached from below by its own value and by everything above', () => {
    expect(reaches('33000', 'up', '32999.99999999')).toBe(false);
    expect(reaches('33000', 'up', '33000')).toBe(true);
    expect(reaches('33000', 'up', '33000.00000001')).toBe(true);
  });

  it('is reached from above by its own value and by everything below', () => {
    expect(reaches('33000', 'down', '33000.00000001')).toBe(false);
    expect(reaches('33000', 'down', '33000')).toBe(true);
    expect(reaches('33000', 'down', '32999.99999999')).toBe(true);
  });

  it('is compared exactly where binary fractions are not', () => {
    expect(reaches('0.3', 'up', '0.29999999999999999')).toBe(false);
    expect(directionTowards('0.00000000172', '0.00000000171')).toBe('up');
    expect(directionTowards('9007199254740993', '9007199254740992')).toBe('up');
  });

  it('gives a price that stands on it no side', () => {
    expect(directionTowards('33000', '33000')).toBeNull();
    expect(directionTowards('33000', '33000.5')).toBe('down');
  });
});

import { describe, expect, it } from 'vitest';
import { keyIn } from './idempotency-key.ts';

describe('an idempotency key', () => {
  it.each([
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['!', '!'],
    ['a"b\\c', 'a"b\\c'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['~'.repeat(255), '~'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('of %j is %j', (header, key) => {
    expect(keyIn(header)).toBe(key);
  });

  it('is null where there is no header', () => {
    expect(keyIn(undefined)).toBeNull();
  });

  it.each([
    '',
    '""',
    ' ',
    'a b',
    '"a b"',
    'a\tb',
    'é',
    '"',
    '"a',
    '"a"b',
    '"a\\b"',
    '"a";p=1',
    'a'.repeat(256),
  ])('is refused when it is %j', (header) => {
    expect(() => keyIn(header)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ parameter: 'Idempotency-Key' })] }),
    );
  });
});

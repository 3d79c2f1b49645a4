import { describe, expect, it } from 'vitest';
import { othersAfter, providersFor } from './choose-provider.ts';

const names = ['first', 'second'];
const fresh = { provider: null, tainted: false };
const by = (provider: string, tainted = false) => ({ provider, tainted });

describe('who is asked for a delivery', () => {
  it.each([
    ['the first one at first', fresh, ['first', 'second']],
    ['the second one when the first has refused', by('first'), ['second', 'first']],
    ['the first one again when the second has refused too', by('second'), ['first', 'second']],
    ['nobody but the first when that may have it', by('first', true), ['first']],
    ['nobody but the second when that may have it', by('second', true), ['second']],
    ['anybody when who refused is there no more', by('old'), ['first', 'second']],
    ['anybody when who may have it is there no more', by('old', true), ['first', 'second']],
  ])('is %s', (_whom, asked, expected) => {
    expect(providersFor(asked, names)).toEqual(expected);
  });

  it('is the only one there is, whatever happened', () => {
    for (const asked of [fresh, by('first'), by('first', true)]) {
      expect(providersFor(asked, ['first'])).toEqual(['first']);
    }
  });
});

describe('who is asked at once after a refusal', () => {
  it('is who comes after, and nobody after the last one', () => {
    expect(othersAfter('first', names)).toEqual(['second']);
    expect(othersAfter('second', names)).toEqual([]);
  });
});

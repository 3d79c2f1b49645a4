import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidInput, type ProblemFault } from './problem.ts';
import { ValidationPipe } from './validation.pipe.ts';

function faultsOf(schema: z.ZodType, value: unknown, type: 'body' | 'query' | 'param' = 'body') {
  try {
    new ValidationPipe().transform(value, { type, schema, data: 'id' });
  } catch (error) {
    if (error instanceof InvalidInput) return error.errors;
    throw error;
  }
  return [] as ProblemFault[];
}

describe('input', () => {
  const body = z.strictObject({
    name: z.string().min(3).max(5),
    tags: z.array(z.enum(['a', 'b'])).max(1),
    count: z.int(),
  });
  const good = { name: 'Ada', tags: ['a'], count: 1 };

  it('that fits is handed on as the schema makes it', () => {
    const trimmed = z.string().trim();
    expect(new ValidationPipe().transform(' x ', { type: 'body', schema: trimmed })).toBe('x');
    expect(new ValidationPipe().transform(' x ', { type: 'body' })).toBe(' x ');
  });

  it.each<[string, object, string, string]>([
    ['missing', { name: undefined }, '/name', 'Missing; give a string.'],
    ['of another type', { name: 7 }, '/name', 'Give a string.'],
    ['too short', { name: 'A' }, '/name', 'Give at least 3 characters.'],
    ['too long', { name: 'Adalovelace' }, '/name', 'Give at most 5 characters.'],
    ['of too many', { tags: ['a', 'b'] }, '/tags', 'Give at most 1 items.'],
    ['unknown', { tags: ['c'] }, '/tags/0', 'Allowed values: a, b.'],
    ['no whole number', { count: 1.5 }, '/count', 'Give a whole number.'],
    ['not asked for', { 'a/b~c': 1 }, '/a~1b~0c', 'Unknown property.'],
  ])('is told in a sentence what is %s, and where', (_, changed, pointer, detail) => {
    expect(faultsOf(body, { ...good, ...changed })).toEqual([{ pointer, detail }]);
  });

  it('of the path or the query is named by its parameter', () => {
    expect(faultsOf(z.uuid(), '7', 'param')).toEqual([
      { parameter: 'id', detail: 'The value is not valid.' },
    ]);
    expect(faultsOf(body, { ...good, name: 7 }, 'query')).toEqual([
      { parameter: 'name', detail: 'Give a string.' },
    ]);
  });

  it('hears one fault a place, the first', () => {
    expect(faultsOf(body, { ...good, tags: 'many' })).toEqual([
      { pointer: '/tags', detail: 'Give an array.' },
    ]);
  });
});

import type { z } from 'zod';

const nouns: Record<string, string> = {
  array: 'an array',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a JSON object',
  string: 'a string',
};

/** What a caller is told where a schema has no words of its own: a sentence without the terms of our tools. */
export const sentence: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    const wanted = nouns[issue.expected] ?? issue.expected;
    return issue.input === undefined ? `Missing; give ${wanted}.` : `Give ${wanted}.`;
  }
  if (issue.code === 'invalid_value') return `Allowed values: ${issue.values.join(', ')}.`;
  if (issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1)
    return 'It may not be empty.';
  if (issue.code === 'too_small') return `Give at least ${issue.minimum}${units[issue.origin] ?? ''}.`;
  if (issue.code === 'too_big') return `Give at most ${issue.maximum}${units[issue.origin] ?? ''}.`;
  if (issue.code === 'unrecognized_keys') return 'Unknown property.';
  return 'The value is not valid.';
};

const units: Record<string, string> = { array: ' items', string: ' characters' };

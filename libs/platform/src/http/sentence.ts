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
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = nouns[issue.expected] ?? issue.expected;
      return issue.input === undefined ? `Missing; give ${wanted}.` : `Give ${wanted}.`;
    }
    case 'invalid_value':
      return `Allowed values: ${issue.values.join(', ')}.`;
    case 'too_small':
      return `Give at least ${issue.minimum} ${unitOf(issue.origin)}.`;
    case 'too_big':
      return `Give at most ${issue.maximum} ${unitOf(issue.origin)}.`;
    case 'unrecognized_keys':
      return 'Unknown property.';
    default:
      return 'The value is not valid.';
  }
};

const unitOf = (origin: string) => (origin === 'string' ? 'characters' : 'items');

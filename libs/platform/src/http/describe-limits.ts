import type { OpenAPIObject } from '@nestjs/swagger';
import { problemResponse } from './api-problems.ts';

type Components = NonNullable<OpenAPIObject['components']>;
export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The fields that a limited route answers with, as components of the document. */
export const limitHeaders: NonNullable<Components['headers']> = {
  RateLimit: {
    description:
      'Of each policy: requests left (`r`), and seconds until its window ends (`t`). ' +
      'Policies for attempts to sign in or to have mail sent are named only where they refuse.',
    schema: { type: 'string' },
    example: '"address";r=5999;t=60, "account";r=1199;t=42',
  },
  'RateLimit-Policy': {
    description: 'Each policy: its quota (`q`) in a window of `w` seconds.',
    schema: { type: 'string' },
    example: '"address";q=6000;w=60, "account";q=1200;w=60',
  },
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } },
};

export const header = (name: string) => ({ [name]: { $ref: `#/components/headers/${name}` } });
const limits = { ...header('RateLimit'), ...header('RateLimit-Policy') };

/** Says of a limited route that it may answer 429, and with which fields it tells what is left. */
export function describeLimits({ responses }: Operation): void {
  responses[429] = { ...problemResponse(429), headers: header('Retry-After') };
  for (const [status, response] of Object.entries(responses)) {
    if (!response || '$ref' in response || (Number(status) >= 300 && status !== '429')) continue;
    response.headers = { ...limits, ...response.headers };
  }
}

import { STATUS_CODES } from 'node:http';
import type { DomainErrorKind } from '#kernel';
import { z } from 'zod';

/** Where the input is wrong: a JSON Pointer into the body, or the name of a path, query or header parameter. */
const inputFault = z.union([
  z.object({ pointer: z.string().describe('JSON Pointer into the body (RFC 6901).'), detail: z.string() }),
  z.object({
    parameter: z.string().describe('Name of the path, query or header parameter.'),
    detail: z.string(),
  }),
]);
export type ProblemFault = z.infer<typeof inputFault>;

/** An RFC 9457 problem, the one shape of every error answer. */
export const problemSchema = z.object({
  type: z.string().describe('A URI that names the kind of problem.'),
  title: z.string().describe('The HTTP status in words.'),
  status: z.int().describe('The HTTP status.'),
  detail: z.string().describe('One sentence about what went wrong and what to do.'),
  instance: z.string().describe('Path of the request.'),
  code: z.string().describe('Stable code, e.g. `alerts.not-found`.'),
  errors: z.array(inputFault).optional().describe('Each fault of the input.'),
});
export type Problem = z.infer<typeof problemSchema>;

export const statusOfKind: Record<DomainErrorKind, number> = {
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  stale: 412,
  invalid: 422,
  unavailable: 503,
};

export function problem(
  status: number,
  code: string,
  detail: string,
  path: string,
  errors?: ProblemFault[],
): Problem {
  return {
    type: `urn:tocsin:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: path,
    code,
    ...(errors && errors.length > 0 ? { errors } : {}),
  };
}

/** Invalid input found before a handler saw it. */
export class InvalidInput extends Error {
  constructor(readonly errors: ProblemFault[]) {
    super(errors.map((fault) => fault.detail).join(' '));
  }
}

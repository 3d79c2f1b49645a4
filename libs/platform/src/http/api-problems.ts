import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const descriptions: Record<number, string> = {
  400: 'The body is not JSON.',
  401: 'No token, or one that is expired, malformed or forged.',
  403: 'The account or the API key may not do this.',
  404: 'There is no such thing, or it belongs to somebody else.',
  409: 'The state of the thing does not allow this.',
  412: 'The resource was changed since the version that `If-Match` names; `ETag` names the one that it has.',
  413: 'The body is larger than 1 MiB.',
  415: 'The body is not application/json.',
  422: 'Values or properties are invalid; `errors` names each place.',
  429: 'The account or the address made too many requests or attempts; try again after `Retry-After` seconds.',
  503: 'The database is away, or too much is asked at once; try again after `Retry-After` seconds.',
};

/** An error answer of this status, as the document describes it. */
export const problemResponse = (status: number, description = descriptions[status] ?? 'An error.') => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** Documents an error answer of a route; where it has one of this status already, the description is added. */
export const ApiProblem = (status: number, description?: string): MethodDecorator & ClassDecorator =>
  ApiResponse({ status, ...problemResponse(status, description) });

/** Documents the error answers of a route as RFC 9457 problems. */
export function ApiProblems(...statuses: number[]): MethodDecorator & ClassDecorator {
  return applyDecorators(...statuses.map((status) => ApiProblem(status)));
}

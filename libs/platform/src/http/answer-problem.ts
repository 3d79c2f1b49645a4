import { HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, VersionMismatch } from '#kernel';
import { InvalidInput, type Problem, problem, statusOfKind } from './problem.ts';
import { etagOf } from './versioned.ts';

const logger = new Logger('Problem');

/**
 * Codes of Node and SQLSTATEs that mean "not now" and not "never": the database is away, stops, starts, is full of
 * connections or, after a failover, read-only; or a statement lost a deadlock, or took too long beside others.
 */
const databaseAway =
  /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|57P0\d|53\w{3}|08\w{3}|25006|25P03|40001|40P01|57014)$/;
/** What `pg` says without a code, in its words. */
const connectionLost =
  /^Connection terminated|is not queryable$|^timeout exceeded when trying to connect$|^timeout expired$|^Query read timeout$/;
/** Of these somebody should hear: the database was there, and a request was too much for it. */
const overtaxed = /^(53[0124]00|40001|40P01|57014)$/;

/** Answers an error as an RFC 9457 problem; what is unexpected is logged and told without detail. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const body = problemOf(error, request.url.split('?')[0] ?? '/');
  if (body.status === 401) void reply.header('WWW-Authenticate', 'Bearer');
  if (body.status === 503) void reply.header('Retry-After', '2');
  if (error instanceof VersionMismatch) void reply.header('ETag', etagOf(error.current));
  void reply.status(body.status).type('application/problem+json').send(JSON.stringify(body));
}

function problemOf(error: unknown, path: string): Problem {
  if (error instanceof InvalidInput) {
    return problem(422, 'http.invalid-input', 'The input is invalid; see `errors`.', path, error.errors);
  }
  if (error instanceof DomainError) {
    return problem(statusOfKind[error.kind], error.code, error.message, path, [...error.faults]);
  }
  const status = clientErrorStatus(error);
  if (status !== undefined) {
    return problem(status, httpCodes[status] ?? 'http.error', httpDetails[status] ?? sentenceOf(error), path);
  }
  if (causesOf(error).some(isDatabaseAway)) {
    if (causesOf(error).some(({ code = '' }) => overtaxed.test(code))) logger.error(error);
    return problem(503, 'http.unavailable', 'The database cannot do this now; try again shortly.', path);
  }
  logger.error(error);
  return problem(
    500,
    'http.internal',
    'Something went wrong on our side; the request id is in the log.',
    path,
  );
}

const httpCodes: Record<number, string> = {
  400: 'http.malformed',
  401: 'http.unauthenticated',
  403: 'http.forbidden',
  404: 'http.no-such-route',
  405: 'http.method-not-allowed',
  413: 'http.body-too-large',
  414: 'http.uri-too-long',
  415: 'http.unsupported-media-type',
  422: 'http.invalid-input',
  429: 'http.too-many-requests',
};

const httpDetails: Record<number, string> = {
  404: 'There is no such route.',
  405: 'There is no such method on this path; `Allow` names those there are.',
  413: 'The body is larger than this route accepts (1 MiB).',
  414: 'A part of the path is longer than anything that could be found by it.',
  415: 'Send the body as application/json.',
  429: 'Too many requests; try again after `Retry-After` seconds.',
};

/** The 4xx of Nest's own exceptions and of Fastify's body parser, whose errors carry a `statusCode`. */
function clientErrorStatus(error: unknown): number | undefined {
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function causesOf(error: unknown): NodeJS.ErrnoException[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

const isDatabaseAway = ({ code = '', message }: NodeJS.ErrnoException): boolean =>
  databaseAway.test(code) || connectionLost.test(message);

function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'The request cannot be handled.';
  return message.endsWith('.') ? message : `${message}.`;
}

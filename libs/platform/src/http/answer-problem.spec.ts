import { BadRequestException, Logger, NotFoundException, UnauthorizedException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DomainError, type DomainErrorKind } from '#kernel';
import { answerProblem } from './answer-problem.ts';
import { InvalidInput, problemSchema } from './problem.ts';

describe('the answer to an error', () => {
  const logged = vi.fn<(error: unknown) => void>();

  beforeEach(() => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(logged);
    logged.mockClear();
  });

  afterEach(() => vi.restoreAllMocks());

  function answerTo(error: unknown, url = '/v1/alerts/7?to=ada@example.org') {
    const headers: Record<string, string> = {};
    const answer = { status: 0, type: '', body: '' };
    const reply = {
      header: (name: string, value: string) => ((headers[name] = value), reply),
      status: (status: number) => ((answer.status = status), reply),
      type: (type: string) => ((answer.type = type), reply),
      send: (body: string) => ((answer.body = body), reply),
    };
    answerProblem(error, { url } as FastifyRequest, reply as unknown as FastifyReply);
    const body = problemSchema.strict().parse(JSON.parse(answer.body));
    expect(body.status).toBe(answer.status);
    expect(answer.type).toBe('application/problem+json');
    return { ...body, headers };
  }

  const withCode = (code: string, message = code) => Object.assign(new Error(message), { code });

  it('is a problem with the code, the sentence and the path, without the query', () => {
    const answer = answerTo(new DomainError('not-found', 'alerts.not-found', 'There is no such alert.'));
    expect(answer).toEqual({
      type: 'urn:tocsin:problem:alerts.not-found',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such alert.',
      instance: '/v1/alerts/7',
      code: 'alerts.not-found',
      headers: {},
    });
    expect(logged).not.toHaveBeenCalled();
  });

  it.each<[DomainErrorKind, number]>([
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['conflict', 409],
    ['invalid', 422],
    ['unavailable', 503],
  ])('has for what is %s the status %i', (kind, status) => {
    expect(answerTo(new DomainError(kind, 'test.code', 'No.'))).toMatchObject({ status, code: 'test.code' });
  });

  it('says how to authenticate, and when to come again', () => {
    expect(answerTo(new UnauthorizedException()).headers).toEqual({ 'WWW-Authenticate': 'Bearer' });
    expect(answerTo(new DomainError('unavailable', 'a.b', 'No.')).headers).toEqual({ 'Retry-After': '2' });
  });

  it('lists each fault of the input', () => {
    const faults = [{ pointer: '/target', detail: 'Give a price.' }];
    const invalid = answerTo(new InvalidInput(faults));
    expect(invalid).toMatchObject({ status: 422, code: 'http.invalid-input', errors: faults });
    expect(answerTo(new DomainError('invalid', 'a.b', 'No.', faults)).errors).toEqual(faults);
  });

  it.each([
    [new BadRequestException('Body is not JSON'), 400, 'http.malformed', 'Body is not JSON.'],
    [new NotFoundException('Cannot GET /x?secret'), 404, 'http.no-such-route', 'There is no such route.'],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 413, 'http.body-too-large', 'The body is'],
    [Object.assign(new Error('odd'), { statusCode: 418 }), 418, 'http.error', 'odd.'],
  ])('keeps the status of %s', (error, status, code, detail) => {
    const answer = answerTo(error);
    expect(answer).toMatchObject({ status, code });
    expect(answer.detail).toContain(detail);
    expect(logged).not.toHaveBeenCalled();
  });

  it.each([
    withCode('ECONNREFUSED'),
    withCode('EAI_AGAIN'),
    withCode('EHOSTUNREACH'),
    withCode('57P01'),
    withCode('57P03'),
    withCode('53300'),
    withCode('08006'),
    withCode('25006', 'cannot execute INSERT in a read-only transaction'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated due to connection timeout'),
    Object.assign(new Error('Postgres does not answer.'), { code: 'ETIMEDOUT' }),
    new Error('Connection terminated unexpectedly'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('The outcome is unknown.', { cause: withCode('ECONNRESET') }),
    Object.assign(new AggregateError([withCode('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
  ])('asks for patience while the database is away: %s', (error) => {
    expect(answerTo(error)).toMatchObject({
      status: 503,
      code: 'http.unavailable',
      headers: { 'Retry-After': '2' },
    });
    expect(logged).not.toHaveBeenCalled();
  });

  it.each(['57014', '40P01', '40001', '53100'])(
    'asks for patience too, and logs it, when it was too much: %s',
    (code) => {
      const error = withCode(code);
      expect(answerTo(error)).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } });
      expect(logged.mock.calls).toEqual([[error]]);
    },
  );

  it.each([
    new Error('the password is hush'),
    withCode('23505', 'duplicate key hush'),
    withCode('42P01', 'no relation hush'),
    Object.assign(new Error('hush'), { statusCode: 200 }),
    Object.assign(new Error('hush'), { statusCode: 502 }),
    'hush',
    null,
  ])('tells nothing of what nobody expected, and logs it: %s', (error) => {
    const { headers, ...body } = answerTo(error);
    expect(body).toMatchObject({ status: 500, code: 'http.internal' });
    expect(headers).toEqual({});
    expect(JSON.stringify(body)).not.toContain('hush');
    expect(logged.mock.calls).toEqual([[error]]);
  });
});

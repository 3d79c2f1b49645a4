import { createHash } from 'node:crypto';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { DomainError } from '#kernel';
import { ApiProblem, type Principal } from '../http/index.ts';
import { Database } from '../persistence/index.ts';
import { headerName, keyIn } from './idempotency-key.ts';
import { type CallersKey, findAnswer, keepAnswer, lockKey } from './kept-answers.ts';

/**
 * Runs a route with a key inside one transaction, in which the key and the answer are stored: both are there with
 * what the route changed, or nothing is, and then a repetition runs it again. The answer leaves after the commit.
 */
@Injectable()
class AnswerOnce implements NestInterceptor {
  constructor(private readonly database: Database) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user: Principal }>();
    const reply = http.getResponse<FastifyReply>();
    const key = keyIn(request.headers['idempotency-key']?.toString());
    if (key === null) return next.handle();
    const own = { ownerId: request.user.userId, key };
    return of(await this.database.transaction(() => this.answer(own, request, reply, next)));
  }

  private async answer(
    key: CallersKey,
    { method, url, body }: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    if (!(await lockKey(this.database, key))) {
      void reply.header('Retry-After', '1');
      throw inProgress();
    }
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([method, url, body ?? null]))
      .digest();
    const first = await findAnswer(this.database, key, fingerprint);
    if (first && !first.same) throw reused();
    if (first) {
      void reply.status(first.status).header('Idempotency-Replayed', 'true');
      return first.body;
    }
    const answer: unknown = await lastValueFrom(next.handle());
    await keepAnswer(this.database, key, fingerprint, { status: reply.statusCode, body: answer });
    return answer;
  }
}

const inProgress = () =>
  new DomainError(
    'conflict',
    'http.idempotency-in-progress',
    'A request with this Idempotency-Key is still under way; repeat it to get the same answer.',
  );

const reused = () =>
  new DomainError(
    'invalid',
    'http.idempotency-key-reused',
    'This Idempotency-Key was used for another request within the last 24 hours.',
    [{ parameter: headerName, detail: 'Use a new key for each request and the same one to repeat it.' }],
  );

/**
 * Takes an `Idempotency-Key`: the same request with the same key changes something once and has one answer for
 * 24 hours. For routes with an authenticated caller whose body says everything, and whose answer holds no secret.
 * Stands above what adds headers to the answer, so that a repeated one gets them too.
 */
export const Idempotent = () =>
  applyDecorators(
    UseInterceptors(AnswerOnce),
    ApiHeader({
      name: headerName,
      required: false,
      description:
        'Makes it safe to repeat this request: with the same key and body it answers again what it answered at ' +
        'first, for 24 hours and with `Idempotency-Replayed: true`. An error is not kept. 1 to 255 visible ASCII ' +
        'characters, as they are or as a quoted string; each account has keys of its own.',
      schema: { type: 'string', example: '8e03978e-40d5-43dd-bc93-6894a57f9324' },
    }),
    ApiProblem(
      409,
      'A request with this `Idempotency-Key` is still under way; repeat it after `Retry-After` seconds.',
    ),
    ApiProblem(422, 'The `Idempotency-Key` was used for another request, or is malformed.'),
  );

/** The response header of a repeated answer, for the documentation of an idempotent route. */
export const replayed = {
  'Idempotency-Replayed': {
    description: 'Present when this is the answer to an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string' as const, enum: ['true'] },
  },
};

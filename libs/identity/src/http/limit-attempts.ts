import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { concatMap, type Observable } from 'rxjs';
import { Config } from '#platform/config';
import { clientAddress, networkOf, type Principal } from '#platform/http';
import { normaliseEmail } from '../domain/user.ts';
import { type Attempt, AttemptLimits } from './attempt-limits.ts';

const ATTEMPT = Symbol('attempt');

/** Nobody has looked at the body yet. */
type Request = FastifyRequest<{ Body: { email?: unknown; currentPassword?: unknown } | null | undefined }> & {
  user?: Principal;
};

/**
 * An interceptor and not a guard: it has to hear that a password was right. It too comes before the body is checked, so
 * that a broken one counts.
 */
@Injectable()
class Limit implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: Config,
    private readonly limits: AttemptLimits,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler<unknown>): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const attempt = this.reflector.get<Attempt>(ATTEMPT, context.getHandler());
    if (!this.config.rateLimit || !isTried(attempt, request)) return next.handle();
    const address = networkOf(clientAddress(request));
    const attempted = { attempt, address, account: accountOf(attempt, request) };
    await this.limits.admit(attempted, http.getResponse<FastifyReply>());
    if (attempt !== 'password') return next.handle();
    return next.handle().pipe(
      concatMap(async (answer) => {
        await this.limits.forget(attempted);
        return answer;
      }),
    );
  }
}

/** Most changes of one's own account need no password. */
const isTried = (attempt: Attempt, { body }: Request): boolean =>
  attempt !== 'current-password' || body?.currentPassword !== undefined;

function accountOf(attempt: Attempt, { body, user }: Request): string | undefined {
  if (attempt === 'current-password') return user?.userId;
  const account = typeof body?.email === 'string' ? normaliseEmail(body.email) : '';
  return account !== '' && account.length <= 254 ? account : undefined;
}

/**
 * Counts every call of a route as an attempt of a kind, and answers 429 where there were too many of it. A success of a
 * `password` forgets what was tried for its account; that of a `current-password` does not, since a change that needs
 * none may have come with any.
 */
export const LimitAttempts = (attempt: Attempt) =>
  applyDecorators(SetMetadata(ATTEMPT, attempt), UseInterceptors(Limit));

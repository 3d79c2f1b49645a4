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
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { Principal } from '../http/principal.ts';
import { OwnerCache } from './owner-cache.ts';

const LIST = Symbol('list that is cached');
/** Of a path with its query; longer ones are rare and would let anybody fill the cache with keys. */
const longestUrl = 500;

@Injectable()
class AnswerFromOwnerCache implements NestInterceptor {
  constructor(
    private readonly cache: OwnerCache,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<string>> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const make = async () => ({
      body: JSON.stringify(await lastValueFrom<unknown>(next.handle())),
      link: String(reply.getHeader('Link')),
    });
    const list = this.reflector.get<string>(LIST, context.getHandler());
    const { body, link } =
      request.url.length > longestUrl
        ? await make()
        : await this.cache.read(list, request.user.userId, request.url, make);
    void reply.header('Link', link).header('Content-Type', 'application/json; charset=utf-8');
    return of(body);
  }
}

/**
 * Answers a page of the caller's own list from the cache, under its very URL: what is kept passed the validation
 * and needs it no more. Whatever changes the list calls `OwnerCache.changed` with the same name.
 */
export const CachedPerOwner = (list: string) =>
  applyDecorators(SetMetadata(LIST, list), UseInterceptors(AnswerFromOwnerCache));

import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiResponse, type ApiResponseOptions } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';

/** The entity tag of a version: `"3"`. */
export const etagOf = (version: number): string => `"${version}"`;

class TagVersion implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next
      .handle()
      .pipe(tap((answer: { version: number }) => void reply.header('ETag', etagOf(answer.version))));
  }
}

/** An answer that is one resource with a `version`: documents it, and sends that version as its `ETag`. */
export const VersionedResponse = (options: ApiResponseOptions) =>
  applyDecorators(
    UseInterceptors(TagVersion),
    ApiResponse({
      ...options,
      headers: {
        ...('headers' in options ? options.headers : {}),
        ETag: { description: 'The version, for `If-Match`.', schema: { type: 'string', example: '"3"' } },
      },
    }),
  );

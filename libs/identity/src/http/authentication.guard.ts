import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { DomainError } from '#kernel';
import { IS_PUBLIC } from '#platform/http';

/** Stands before every route that is not marked `@Public()`. */
@Injectable()
export class AuthenticationGuard extends AuthGuard('access-token') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const isPublic = this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic || super.canActivate(context);
  }

  override handleRequest<User>(error: unknown, user: User | false, info: Error | undefined): User {
    if (error) throw error;
    if (user) return user;
    if (info?.name === 'TokenExpiredError') {
      throw new DomainError(
        'unauthenticated',
        'identity.token-expired',
        'The access token has expired; refresh it.',
      );
    }
    if (info?.message === 'No auth token') {
      throw new DomainError(
        'unauthenticated',
        'identity.token-missing',
        'Send `Authorization: Bearer <token>`.',
      );
    }
    throw new DomainError('unauthenticated', 'identity.token-invalid', 'The access token is not valid here.');
  }
}

import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** What an account may do beyond its own things; each includes the one before. */
export const roles = ['user', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who makes a request. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
}

export const IS_PUBLIC = Symbol('public route');

/** Opens a route to callers without a token; every other route needs one. */
export const Public = () => applyDecorators(SetMetadata(IS_PUBLIC, true), ApiExtension('x-public', true));

/** The authenticated caller. */
export const CurrentPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ user: Principal }>().user,
);

import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** What an account may do beyond its own things; each includes the one before. */
export const roles = ['user', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What an API key may be good for. */
export const scopes = [
  'alerts:read',
  'alerts:write',
  'notifications:read',
  'notifications:write',
  'market:read',
  'ticks:write',
] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a request. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** The session that it belongs to; null with an API key, and in an access token that names none. */
  readonly sessionId: string | null;
  /** What the API key is good for; null in a session, which may do all that the role may. */
  readonly scopes: readonly Scope[] | null;
}

/** Who may call a route: everybody, or those who are known and have the role; an API key needs the scope. */
export interface Access {
  readonly public: boolean;
  readonly role: Role;
  /** Null where no API key may. */
  readonly scope: Scope | null;
}

const ACCESS = Symbol('access to a route');

/** What the decorators below say of a route; one that says nothing is for everybody with a session. */
export const accessOf = (...targets: readonly object[]): Access => ({
  public: false,
  role: 'user',
  scope: null,
  ...targets
    .map((target) => Reflect.getMetadata(ACCESS, target) as Partial<Access> | undefined)
    .find(Boolean),
});

const allow = (access: Partial<Access>) =>
  applyDecorators(SetMetadata(ACCESS, access), ApiExtension('x-access', access));

/** Opens a route to callers without a token; every other route needs one. */
export const Public = () => allow({ public: true });

/** Opens a route to API keys of this scope, beside sessions. */
export const RequiresScope = (scope: Scope) => allow({ scope });

/** Opens a route to sessions of this role, and of those that include it. */
export const RequiresRole = (role: Role) => allow({ role });

/** The authenticated caller. */
export const CurrentPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ user: Principal }>().user,
);

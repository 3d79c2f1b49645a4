import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';
import { type Access, accessOf, type Principal, roles } from '#platform/http';
import { sessionEnded } from '../contracts/index.ts';
import { AccessTokens } from '../features/access-tokens.ts';
import { ApiKeys, keyBeginning } from '../features/api-keys.ts';
import { EndedSessions } from '../features/ended-sessions.ts';
import { WebSessions } from '../features/web-sessions.ts';
import { EarlierTokens } from './earlier-tokens.ts';
import { SameOrigin, sessionCookie } from './session-cookie.ts';

/** Stands before every route that is not marked `@Public()`: finds out who asks, and whether they may. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  private readonly known = new Map<object, Access>();

  constructor(
    private readonly tokens: AccessTokens,
    private readonly earlier: EarlierTokens,
    private readonly ended: EndedSessions,
    private readonly apiKeys: ApiKeys,
    private readonly webSessions: WebSessions,
    private readonly sameOrigin: SameOrigin,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessTo(context);
    if (access.public) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
    // Whatever comes now is of one person, and nothing on the way may keep it (OWASP ASVS 5, 14.3.2).
    void context.switchToHttp().getResponse<FastifyReply>().header('Cache-Control', 'no-store');
    request.user = await this.principalOf(request);
    assertAllowed(request.user, access);
    return true;
  }

  private accessTo(context: ExecutionContext): Access {
    const handler = context.getHandler();
    const known = this.known.get(handler) ?? accessOf(handler, context.getClass());
    this.known.set(handler, known);
    return known;
  }

  /** A request with an `Authorization` is not looked at for cookies: a page cannot add one to another's request. */
  private async principalOf(request: FastifyRequest): Promise<Principal> {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.byCookie(request);
    if (isRepeated('authorization', request)) throw ambiguous();
    return this.byToken(authorization);
  }

  private async byToken(authorization: string): Promise<Principal> {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) throw missing();
    if (token.startsWith(keyBeginning)) return this.apiKeys.principalOf(token);
    const earlier = await this.earlier.read(token);
    if (earlier) return earlier;
    const { sessionId, userId, role } = this.tokens.read(token);
    if (await this.ended.has(sessionId)) throw sessionEnded();
    return { userId, role, sessionId, scopes: null };
  }

  private async byCookie(request: FastifyRequest): Promise<Principal> {
    const secret = request.cookies[sessionCookie];
    if (secret === undefined) throw missing();
    this.sameOrigin.assert(request);
    const principal = await this.webSessions.principalOf(secret);
    if (!principal) throw sessionEnded();
    return principal;
  }
}

/** @throws DomainError identity.scope-missing, identity.session-required, identity.role-missing */
function assertAllowed({ role, scopes }: Principal, access: Access): void {
  if (scopes && access.scope === null) {
    throw forbidden(
      'session-required',
      'An API key cannot do this; send an access token from `POST /v1/auth/login`.',
    );
  }
  if (scopes && access.scope && !scopes.includes(access.scope)) {
    throw forbidden('scope-missing', `This API key lacks the scope \`${access.scope}\`.`);
  }
  if (roles.indexOf(role) < roles.indexOf(access.role)) {
    throw forbidden('role-missing', `This needs the role \`${access.role}\`.`);
  }
}

/** Whether there are several: Node looks at the first, and a server in front may have looked at the last. */
const isRepeated = (name: string, { raw: { rawHeaders } }: FastifyRequest): boolean =>
  rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length > 1;

const forbidden = (code: string, message: string) =>
  new DomainError('forbidden', `identity.${code}`, message);

const missing = () =>
  new DomainError('unauthenticated', 'identity.token-missing', 'Send `Authorization: Bearer <token>`.');

const ambiguous = () =>
  new DomainError('unauthenticated', 'identity.token-invalid', 'Send `Authorization` once.');

import type { CookieSerializeOptions } from '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Sealer } from '#platform/secrets';
import { type SignInBegun, signInSeconds } from '../features/openid/openid-sign-in.ts';

const purpose = 'identity.oidc';
export const signInCookie = '__Host-tocsin-oidc';
/** Lax: the way back from the provider is a navigation from another site. */
const options: CookieSerializeOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' };

/**
 * Keeps what a sign-in began with in the browser that began it, sealed: only that browser can go on with it, and nobody
 * can read it or make one up. So nothing is stored for those who begin and never come back.
 */
@Injectable()
export class SignInCookie {
  constructor(private readonly sealer: Sealer) {}

  give(reply: FastifyReply, begun: SignInBegun): void {
    const sealed = this.sealer.seal(purpose, JSON.stringify(begun));
    reply.setCookie(signInCookie, sealed, { ...options, maxAge: signInSeconds });
  }

  /** What it holds, once. Null when there is none, or one that is not ours. */
  take(request: FastifyRequest, reply: FastifyReply): SignInBegun | null {
    reply.clearCookie(signInCookie, options);
    try {
      return JSON.parse(this.sealer.open(purpose, request.cookies[signInCookie] ?? '')) as SignInBegun;
    } catch {
      return null;
    }
  }
}

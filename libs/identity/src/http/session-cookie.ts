import type { CookieSerializeOptions } from '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';
import { Config } from '#platform/config';
import { webSessionSeconds } from '../features/web-sessions.ts';

/** The prefix has browsers refuse it with a domain, another path or without TLS, save from the machine itself. */
export const sessionCookie = '__Host-tocsin-session';

const options: CookieSerializeOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' };

/** Has the browser keep a session that scripts cannot read and other sites cannot use. */
export const setSessionCookie = (reply: FastifyReply, secret: string): void =>
  void reply.setCookie(sessionCookie, secret, { ...options, maxAge: webSessionSeconds });

export const clearSessionCookie = (reply: FastifyReply): void =>
  void reply.clearCookie(sessionCookie, options);

const harmless = /^(GET|HEAD|OPTIONS)$/;

/** Whether a page of ours asks. Browsers say where a request comes from, and no page can have them say otherwise. */
@Injectable()
export class SameOrigin {
  private readonly own: string;

  constructor({ publicUrl }: Config) {
    this.own = new URL(publicUrl).origin;
  }

  /**
   * Refuses a change that no page of this installation asks for: one of `PUBLIC_URL`, or of the host that is asked. One
   * that does not say where it comes from is refused too: every browser does (OWASP ASVS 5, 3.5.1).
   * @throws DomainError identity.cross-site
   */
  assert({ method, protocol, headers }: FastifyRequest): void {
    if (harmless.test(method)) return;
    const { host = '', origin, 'sec-fetch-site': site } = headers;
    const asked = `${protocol}://${host}`;
    const ours = [this.own, URL.canParse(asked) && new URL(asked).origin];
    if (ours.includes(origin ?? '') && (site === undefined || site === 'same-origin')) return;
    throw new DomainError(
      'forbidden',
      'identity.cross-site',
      'This is for pages of this installation, by their `Origin`; others log in at `/v1/auth/login` and send a token.',
    );
  }
}

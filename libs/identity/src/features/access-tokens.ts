import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { z } from 'zod';
import { DomainError } from '#kernel';
import { Config } from '#platform/config';
import { roles } from '#platform/http';
import type { UserRole } from '../domain/user.ts';

/** What an access token says about its bearer. */
export interface TokenSubject {
  readonly userId: string;
  readonly role: UserRole;
  readonly sessionId: string;
}

const tokenIssuer = 'tocsin';
const tokenAudience = 'tocsin-api';
const algorithm = 'HS256';
/** Tells it from every other JWT, an ID token for example (RFC 9068, 2.1). */
const tokenType = 'at+jwt';
export const lifetimeSeconds = 15 * 60;
/** How much the clock of another api may be ahead. */
const skewSeconds = 60;

const header = z.strictObject({ alg: z.literal(algorithm), typ: z.literal(tokenType), kid: z.string() });
/** Whatever else a later version may say is left alone. */
const claims = z
  .object({
    iss: z.literal(tokenIssuer),
    aud: z.literal(tokenAudience),
    sub: z.uuid(),
    sid: z.uuid(),
    role: z.enum(roles),
    iat: z.int(),
    exp: z.int(),
  })
  .refine(({ iat, exp }) => exp <= iat + lifetimeSeconds && iat <= Date.now() / 1000 + skewSeconds);

/** Signs with the first key and believes both, so that a key can be changed while its tokens are about. */
@Injectable()
export class AccessTokens {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly current: string;

  constructor(
    private readonly jwt: JwtService,
    { jwtSecret, jwtSecretPrevious }: Config,
  ) {
    if (jwtSecret === null) throw new Error('JWT_SECRET is missing.');
    const secrets = [jwtSecret, jwtSecretPrevious ?? jwtSecret];
    // As an object: verifying with it costs a third of what it costs with a Buffer.
    this.keys = new Map(secrets.map((secret) => [keyId(secret), createSecretKey(Buffer.from(secret))]));
    this.current = keyId(jwtSecret);
  }

  issue({ userId, role, sessionId }: TokenSubject): { accessToken: string; expiresIn: number } {
    const accessToken = this.jwt.sign(
      { role, sid: sessionId },
      {
        privateKey: this.keys.get(this.current) as KeyObject,
        algorithm,
        header: { alg: algorithm, typ: tokenType, kid: this.current },
        subject: userId,
        issuer: tokenIssuer,
        audience: tokenAudience,
        expiresIn: lifetimeSeconds,
      },
    );
    return { accessToken, expiresIn: lifetimeSeconds };
  }

  /**
   * Whom a token names: of one that is signed, says all that ours say in the same form, and is not expired. A key that
   * signs other things as well, or leaks, is then good for less.
   * @throws DomainError identity.token-expired, identity.token-invalid
   */
  read(token: string): TokenSubject {
    const key = this.keyOf(token);
    if (!key) throw invalid();
    try {
      // The types know strings and buffers only.
      const verified = this.jwt.verify<object>(token, {
        secret: key as unknown as Buffer,
        algorithms: [algorithm],
      });
      const { sub: userId, role, sid: sessionId } = claims.parse(verified);
      return { userId, role, sessionId };
    } catch (error) {
      throw (error as Error).name === 'TokenExpiredError' ? expired() : invalid();
    }
  }

  /** The key that the header names, of a header as ours are: one that says more may say where to find another key. */
  private keyOf(token: string): KeyObject | undefined {
    try {
      const [first = ''] = token.split('.', 1);
      const { kid } = header.parse(JSON.parse(Buffer.from(first, 'base64url').toString()));
      return this.keys.get(kid);
    } catch {
      return undefined;
    }
  }
}

/** Names a key without telling anything of it. */
const keyId = (secret: string): string =>
  createHash('sha256').update(`tocsin access token key ${secret}`).digest('base64url').slice(0, 8);

const expired = () =>
  new DomainError('unauthenticated', 'identity.token-expired', 'The access token has expired; refresh it.');

const invalid = () =>
  new DomainError('unauthenticated', 'identity.token-invalid', 'The access token is not valid here.');

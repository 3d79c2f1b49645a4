import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { DomainError } from '#kernel';
import { Config } from '#platform/config';
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
   * Whom a token names: one of this installation only, of one type and one algorithm, and not expired.
   * @throws DomainError identity.token-expired, identity.token-invalid
   */
  read(token: string): TokenSubject {
    const key = this.keyOf(token);
    if (!key) throw invalid();
    try {
      const claims = this.jwt.verify<{ sub: string; role: UserRole; sid?: unknown }>(token, {
        // The types know strings and buffers only.
        secret: key as unknown as Buffer,
        algorithms: [algorithm],
        issuer: tokenIssuer,
        audience: tokenAudience,
        maxAge: lifetimeSeconds,
      });
      const { sub: userId, role, sid: sessionId } = claims;
      if (typeof sessionId !== 'string') throw invalid();
      return { userId, role, sessionId };
    } catch (error) {
      throw (error as Error).name === 'TokenExpiredError' ? expired() : invalid();
    }
  }

  /** The key that the header names, of a header as ours are. */
  private keyOf(token: string): KeyObject | undefined {
    try {
      const [header = ''] = token.split('.', 1);
      const { alg, typ, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Header;
      return alg === algorithm && typ === tokenType && typeof kid === 'string'
        ? this.keys.get(kid)
        : undefined;
    } catch {
      return undefined;
    }
  }
}

interface Header {
  readonly alg?: unknown;
  readonly typ?: unknown;
  readonly kid?: unknown;
}

/** Names a key without telling anything of it. */
const keyId = (secret: string): string =>
  createHash('sha256').update(`tocsin access token key ${secret}`).digest('base64url').slice(0, 8);

const expired = () =>
  new DomainError('unauthenticated', 'identity.token-expired', 'The access token has expired; refresh it.');

const invalid = () =>
  new DomainError('unauthenticated', 'identity.token-invalid', 'The access token is not valid here.');

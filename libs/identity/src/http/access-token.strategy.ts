import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Config } from '#platform/config';
import type { Principal, Role } from '#platform/http';
import { signingKey, tokenAudience, tokenIssuer } from '../features/access-tokens.ts';

/** Accepts tokens of this installation only: one algorithm, its issuer, its audience, not expired. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(config: Config) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The types know strings and buffers only; jsonwebtoken takes a KeyObject and is three times as fast with it.
      secretOrKey: signingKey(config) as unknown as Buffer,
      algorithms: ['HS256'],
      issuer: tokenIssuer,
      audience: tokenAudience,
    });
  }

  validate({ sub, role }: { sub: string; role: Role }): Principal {
    return { userId: sub, role };
  }
}

import { createHash, createSecretKey, randomUUID } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';

/** The header of an access token that is signed with this secret. */
export const headerOf = (secret: string) => ({
  alg: 'HS256',
  typ: 'at+jwt',
  kid: createHash('sha256').update(`tocsin access token key ${secret}`).digest('base64url').slice(0, 8),
});

const jwt = new JwtService({});

/** An access token as the api gives them, without a log-in: of an account and a session that need not exist. */
export const accessTokenOf = (secret: string, userId: string, claims: object = {}): string =>
  jwt.sign(
    { sub: userId, role: 'user', sid: randomUUID(), iss: 'tocsin', aud: 'tocsin-api', ...claims },
    {
      privateKey: createSecretKey(Buffer.from(secret)),
      algorithm: 'HS256',
      header: headerOf(secret),
      expiresIn: 900,
    },
  );

import type { IDToken, UserInfoResponse } from 'openid-client';
import { z } from 'zod';
import { isOneLine } from '#platform/http';

/** Who somebody is at a provider. */
export interface ExternalIdentity {
  readonly issuer: string;
  /** Theirs for ever, at this issuer; addresses and names change. */
  readonly subject: string;
  /** Null when there is none that could be mailed to. */
  readonly email: string | null;
  /** Whether the provider says that the address is theirs. */
  readonly emailVerified: boolean;
  readonly name: string | null;
}

/** A clock may be wrong by so much; a token that was made longer ago was not made for this sign-in. */
const skewSeconds = 5 * 60;
const email = z.string().max(254).pipe(z.email());
const name = z.string().trim().min(1).max(100).refine(isOneLine);

/**
 * Who an ID token names. Its signature, issuer, audience, nonce and expiry were checked by the library; this is what the
 * library leaves to us (OpenID Connect Core 1.0, 3.1.3.7).
 * @throws Error that says which check failed
 */
export function identityIn(token: IDToken, clientId: string, now: Date): ExternalIdentity {
  if (token.azp !== undefined && token.azp !== clientId) throw new Error('azp is another client');
  const age = now.getTime() / 1000 - token.iat;
  if (Math.abs(age) > skewSeconds) throw new Error('iat is not now');
  // Section 2: at most 255 ASCII characters.
  if (!/^[\x20-\x7e]{1,255}$/.test(token.sub)) throw new Error('sub is no subject');
  return { issuer: token.iss, subject: token.sub, ...profileIn(token) };
}

/** What is said about a person, in an ID token or by the UserInfo endpoint. */
export const profileIn = (claims: IDToken | UserInfoResponse) => ({
  email: email.safeParse(claims['email']).data ?? null,
  // A boolean (5.1). Some providers send the text "true"; so would one that passes on what a person typed.
  emailVerified: claims['email_verified'] === true,
  name: name.safeParse(claims['name']).data ?? null,
});

import { Injectable, Logger } from '@nestjs/common';
import * as client from 'openid-client';
import { Clock, DomainError } from '#kernel';
import { type ExternalIdentity, identityIn, profileIn } from './external-identity.ts';
import { OpenIdProvider } from './openid-provider.ts';
import { ProviderUnavailable } from './provider-unavailable.ts';
import { causesOf, providerCode, reasonOf } from './reason-of.ts';

/** So long a person may take at the provider. */
export const signInSeconds = 10 * 60;

/** What a sign-in began with, kept by the browser that began it. */
export interface SignInBegun {
  readonly issuer: string;
  /** Ties the answer to the browser. */
  readonly state: string;
  /** Ties the ID token to the answer. */
  readonly nonce: string;
  /** Ties the code to us (PKCE). */
  readonly verifier: string;
  /** Where the person wants to be afterwards. */
  readonly returnTo: string;
  /** In ms since 1970. */
  readonly at: number;
}

/** Sign-in by the code flow of OpenID Connect Core 1.0, with PKCE, state and nonce (RFC 9700). */
@Injectable()
export class OpenIdSignIn {
  private readonly logger = new Logger(OpenIdSignIn.name);

  constructor(
    private readonly provider: OpenIdProvider,
    private readonly clock: Clock,
  ) {}

  /** Where to send the person, and what to remember until they are back. */
  async begin(returnTo: string): Promise<{ url: URL; begun: SignInBegun }> {
    const configuration = await this.provider.configuration();
    const begun = {
      issuer: configuration.serverMetadata().issuer,
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      returnTo,
      at: this.clock.now().getTime(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.provider.redirectUri.href,
      scope: 'openid email profile',
      state: begun.state,
      nonce: begun.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
      code_challenge_method: 'S256',
    });
    return { url, begun };
  }

  /**
   * Who the provider says that the person is who comes back with this query, and where they wanted to be.
   * @throws DomainError identity.sign-in-unknown, identity.sign-in-denied, identity.sign-in-refused
   * @throws ProviderUnavailable
   */
  async finish(
    query: string,
    begun: SignInBegun | null,
  ): Promise<{ identity: ExternalIdentity; returnTo: string }> {
    const configuration = await this.provider.configuration();
    const url = this.provider.redirectUri;
    url.search = query;
    const isOurs =
      begun?.issuer === configuration.serverMetadata().issuer &&
      begun.state === url.searchParams.get('state') &&
      this.clock.now().getTime() - begun.at <= signInSeconds * 1000;
    if (!isOurs) throw unknown();
    try {
      return { identity: await this.redeem(configuration, url, begun), returnTo: begun.returnTo };
    } catch (error) {
      throw this.refusalOf(error);
    }
  }

  private async redeem(
    configuration: client.Configuration,
    url: URL,
    { state, nonce, verifier }: SignInBegun,
  ): Promise<ExternalIdentity> {
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const token = tokens.claims();
    if (!token) throw new Error('there is no ID token');
    const identity = identityIn(token, configuration.clientMetadata().client_id, this.clock.now());
    // Google tells the address in the token; many others tell it only to those who ask.
    if (token['email'] !== undefined || !configuration.serverMetadata().userinfo_endpoint) return identity;
    const info = await client.fetchUserInfo(configuration, tokens.access_token, identity.subject);
    return { ...identity, ...profileIn(info) };
  }

  /** One answer for whatever is wrong with what the provider sent; the log says what. */
  private refusalOf(error: unknown): DomainError {
    const code = providerCode(error);
    if (code === 'access_denied') return denied();
    this.logger.warn(`A sign-in failed: ${reasonOf(error)}`);
    const unavailable = causesOf(error).find((cause) => cause instanceof ProviderUnavailable);
    if (unavailable) this.provider.forget();
    return unavailable ?? refused();
  }
}

const unknown = () =>
  new DomainError(
    'unauthenticated',
    'identity.sign-in-unknown',
    'This browser began no such sign-in in the last ten minutes; begin again.',
  );

const denied = () =>
  new DomainError('unauthenticated', 'identity.sign-in-denied', 'You were not signed in: you declined.');

const refused = () =>
  new DomainError(
    'unauthenticated',
    'identity.sign-in-refused',
    'The provider did not answer in a way that can be trusted; begin again.',
  );

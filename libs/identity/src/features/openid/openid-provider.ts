import { Injectable, Logger, Optional } from '@nestjs/common';
import * as client from 'openid-client';
import { DomainError } from '#kernel';
import { Config } from '#platform/config';
import { boundedFetch } from './bounded-fetch.ts';
import { ProviderUnavailable } from './provider-unavailable.ts';
import { reasonOf } from './reason-of.ts';

/** How a token may be signed: by a key that only the provider has. Never `none`, never a secret that both have. */
const algorithms = /^(RS|PS|ES)(256|384|512)$|^Ed(DSA|25519)$/;

type Enable = (configuration: client.Configuration) => void;
/** It is marked so that it stands out. Plain http is for a provider on this machine; the configuration sees to that. */
// oxlint-disable-next-line typescript/no-deprecated
const allowPlainHttp: Enable = client.allowInsecureRequests;

/** How long a provider is waited for and believed. */
interface Patience {
  readonly answerSeconds: number;
  readonly metadataMs: number;
}
const patient: Patience = { answerSeconds: 5, metadataMs: 60 * 60 * 1000 };

/** The OpenID provider of `OIDC_ISSUER`, by its own description, which is asked for when somebody signs in. */
@Injectable()
export class OpenIdProvider {
  private readonly logger = new Logger(OpenIdProvider.name);
  private known: { readonly until: number; readonly configuration: Promise<client.Configuration> } | null =
    null;

  constructor(
    private readonly config: Config,
    @Optional() private readonly patience: Patience = patient,
  ) {}

  /** What a person is sent back to. */
  get redirectUri(): URL {
    return new URL(`${this.config.publicUrl}/v1/auth/oidc/callback`);
  }

  /**
   * Everything that is known of it, asked for once by all who need it at the same time.
   * @throws DomainError identity.provider-off
   * @throws ProviderUnavailable
   */
  configuration(): Promise<client.Configuration> {
    if (this.known && this.known.until > performance.now()) return this.known.configuration;
    const configuration = this.discover();
    this.known = { configuration, until: performance.now() + this.patience.metadataMs };
    configuration.catch(() => this.forget());
    return configuration;
  }

  /** Has it describe itself again: it may have moved. */
  forget(): void {
    this.known = null;
  }

  private async discover(): Promise<client.Configuration> {
    const { oidc } = this.config;
    if (!oidc) throw off();
    const issuer = new URL(oidc.issuer);
    const insecure = issuer.protocol === 'http:' ? [allowPlainHttp] : [];
    const timeout = this.patience.answerSeconds;
    try {
      const found = await client.discovery(issuer, oidc.clientId, undefined, undefined, {
        [client.customFetch]: boundedFetch,
        execute: insecure,
        timeout,
      });
      const metadata = asBelieved(found.serverMetadata(), oidc.issuer);
      const configuration = new client.Configuration(
        metadata,
        oidc.clientId,
        undefined,
        authentication(metadata, oidc.clientSecret),
      );
      configuration[client.customFetch] = boundedFetch;
      configuration.timeout = timeout;
      // By itself the library takes the word of the connection for a token that comes over it.
      for (const enable of [client.enableNonRepudiationChecks, ...insecure]) enable(configuration);
      // Throws where people cannot be sent to.
      client.buildAuthorizationUrl(configuration, {});
      return configuration;
    } catch (error) {
      this.logger.warn(`${oidc.issuer} cannot be used: ${reasonOf(error)}`);
      throw new ProviderUnavailable(issuer, error);
    }
  }
}

/** The library compares issuers as URLs, so that a slash at the end makes no difference; in accounts and tokens it does. */
function asBelieved(metadata: client.ServerMetadata, issuer: string): client.ServerMetadata {
  if (metadata.issuer !== issuer) throw new Error('It names itself otherwise than OIDC_ISSUER does.');
  const announced = metadata.id_token_signing_alg_values_supported ?? ['RS256'];
  return {
    ...metadata,
    id_token_signing_alg_values_supported: announced.filter((one) => algorithms.test(one)),
  };
}

/** As the provider likes it; one that does not say takes what the specification makes the default. */
const authentication = (metadata: client.ServerMetadata, secret: string): client.ClientAuth =>
  metadata.token_endpoint_auth_methods_supported?.includes('client_secret_post')
    ? client.ClientSecretPost(secret)
    : client.ClientSecretBasic(secret);

const off = () =>
  new DomainError(
    'not-found',
    'identity.provider-off',
    'Nobody signs in with a provider here: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are not set.',
  );

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { type Keys, newKeys, signed } from './keys.ts';

export const client = { id: 'tocsin', secret: 'a secret that the provider gave' };

/** What is otherwise than at an honest provider; all the rest stays honest. */
export interface Bend {
  /** What it says of itself. */
  metadata?(honest: Record<string, unknown>): Record<string, unknown>;
  /** What the person comes back with. */
  callback?(honest: URLSearchParams): void;
  claims?(honest: JWTPayload): JWTPayload;
  /** Makes the ID token. */
  sign?(claims: JWTPayload, keys: Keys): string | Promise<string>;
  /** What the token endpoint answers. */
  tokens?(honest: Record<string, unknown>): Record<string, unknown>;
  userinfo?(honest: JWTPayload): JWTPayload;
  /** Answers at a path in a way of its own, or never. */
  answer?: Readonly<Record<string, (response: ServerResponse) => void>>;
}

interface Asked {
  readonly path: string;
  readonly parameters: URLSearchParams;
  /** Of `Authorization`. */
  readonly scheme: string | null;
}

interface Granted {
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly redirectUri: string;
}

/** An OpenID provider on a port of loopback where the person is signed in already, and which does as it is bent. */
export class EvilProvider {
  bend: Bend = {};
  /** Whoever signs in next. */
  person: JWTPayload = {};
  /** What it was asked at its endpoints, in order. */
  readonly asked: Asked[] = [];
  private readonly codes = new Map<string, Granted>();
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error: Error) => response.destroy(error));
  });

  private constructor(
    /** What it signs with. */
    readonly keys: Keys,
    /** What it shows as well, and has announced no algorithm for. */
    readonly spareKeys: Keys,
  ) {}

  static async start(): Promise<EvilProvider> {
    const provider = new EvilProvider(await newKeys('first'), await newKeys('spare', 'ES256'));
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const parameters =
      request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const [scheme = null, credentials = ''] = request.headers.authorization?.split(' ') ?? [];
    this.asked.push({ path: url.pathname, parameters, scheme });
    if (scheme === 'Basic') parameters.set('client_secret', secretIn(credentials));
    const bent = this.bend.answer?.[url.pathname];
    if (bent) return bent(response);
    const endpoints: Record<string, () => unknown> = {
      '/.well-known/openid-configuration': () => this.metadata(),
      '/authorize': () => this.authorize(parameters),
      '/token': () => this.token(parameters),
      '/jwks': () => ({ keys: [this.keys.jwk, this.spareKeys.jwk] }),
      '/userinfo': () => this.bend.userinfo?.(this.person) ?? this.person,
    };
    const answer = await endpoints[url.pathname]?.();
    if (answer instanceof URL) response.writeHead(303, { location: answer.href }).end();
    else if (answer === undefined) json(response, 400, { error: 'invalid_grant' });
    else json(response, 200, answer);
    return undefined;
  }

  private metadata(): Record<string, unknown> {
    const honest = {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      userinfo_endpoint: `${this.issuer}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      authorization_response_iss_parameter_supported: true,
    };
    return this.bend.metadata?.(honest) ?? honest;
  }

  private authorize(asked: URLSearchParams): URL | undefined {
    const redirectUri = asked.get('redirect_uri');
    if (asked.get('client_id') !== client.id || redirectUri === null) return undefined;
    const code = randomUUID();
    const [challenge, nonce] = [asked.get('code_challenge'), asked.get('nonce')];
    this.codes.set(code, { challenge, nonce, redirectUri });
    const back = new URL(redirectUri);
    back.search = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: this.issuer }).toString();
    this.bend.callback?.(back.searchParams);
    return back;
  }

  /** Tokens for a code, once, for whoever has the secret and the verifier. */
  private async token(asked: URLSearchParams): Promise<Record<string, unknown> | undefined> {
    const code = asked.get('code') ?? '';
    const granted = this.codes.get(code);
    this.codes.delete(code);
    const challenge = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    const isHonest =
      granted?.challenge === challenge &&
      granted.redirectUri === asked.get('redirect_uri') &&
      asked.get('client_secret') === client.secret;
    if (!isHonest) return undefined;
    const now = Math.floor(Date.now() / 1000);
    const { nonce } = granted;
    const honest = { iss: this.issuer, aud: client.id, iat: now, exp: now + 300, nonce, ...this.person };
    const claims = this.bend.claims?.(honest) ?? honest;
    const id_token = await (this.bend.sign?.(claims, this.keys) ?? this.sign(claims));
    const answer = { access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token };
    return this.bend.tokens?.(answer) ?? answer;
  }

  private sign(claims: JWTPayload): Promise<string> {
    const header: JWTHeaderParameters = { alg: 'RS256', kid: this.keys.kid };
    return signed(header, claims, this.keys.privateKey);
  }
}

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** RFC 6749, 2.3.1. */
const secretIn = (credentials: string): string => {
  const [, secret = ''] = Buffer.from(credentials, 'base64').toString().split(':');
  return new URLSearchParams(`secret=${secret}`).get('secret') ?? '';
};

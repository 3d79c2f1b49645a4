import { createHmac } from 'node:crypto';

/** Signs the first two parts of a token. */
export type Signer = (parts: string) => Buffer | string;

/** A part of a token; text is taken as it is. */
export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token of any header and claims, also of those that no library would sign. */
export function forged(header: unknown, claims: unknown, sign: Signer): string {
  const parts = `${part(header)}.${part(claims)}`;
  const signature = sign(parts);
  return `${parts}.${typeof signature === 'string' ? signature : signature.toString('base64url')}`;
}

export const hmac =
  (secret: string | Buffer, hash = 'sha256'): Signer =>
  (parts) =>
    createHmac(hash, secret).update(parts).digest();

export const unsigned: Signer = () => '';

/** What a part of a token says. */
export const read = (token: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>;

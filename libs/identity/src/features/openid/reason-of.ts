import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import { ProviderUnavailable } from './provider-unavailable.ts';

/** An error and what led to it. */
export const causesOf = (error: unknown): Error[] =>
  error instanceof Error ? [error, ...causesOf(error.cause)] : [];

/**
 * Why a sign-in failed, for the log: which check, and the code that the provider gave. Neither a token nor a claim is in
 * it; what JSON.parse says holds a piece of its input and is left out.
 */
export function reasonOf(error: unknown): string {
  const words = causesOf(error).flatMap((cause) => {
    if (cause instanceof SyntaxError) return [];
    if (cause instanceof ProviderUnavailable) return [`${cause.url.origin}${cause.url.pathname}`];
    return [cause.message, providerCode(cause), systemCode(cause)];
  });
  return words.filter(Boolean).join(': ');
}

/** The `error` of OAuth 2.0 (RFC 6749, 4.1.2.1 and 5.2), of which anybody could write another one into a URL. */
export const providerCode = (error: unknown): string =>
  (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) &&
  /^[a-z_]{1,40}$/.test(error.error)
    ? error.error
    : '';

/** `ECONNREFUSED` and the like; the codes of the library say less than its messages do, and those of the web are numbers. */
const systemCode = ({ code }: Error & { code?: unknown }): string =>
  typeof code === 'string' && /^E[A-Z_]+$/.test(code) ? code : '';

import { withoutSecrets } from './without-secrets.ts';

interface Serialized {
  readonly type?: string;
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: string;
  readonly stack?: string;
  readonly aggregateErrors?: readonly Serialized[];
}

/**
 * An error as it is logged: what it is and where it comes from. Other properties stay out: Postgres tells in
 * `detail` and `where`, and mail servers in `response`, the very values that went wrong.
 */
export function shownError(error: Serialized | string): object | string {
  if (typeof error !== 'object') return withoutSecrets(error);
  const { type, code, constraint, message = '', stack = '', aggregateErrors } = error;
  return {
    type,
    code,
    constraint,
    message: withoutSecrets(message),
    stack: withoutSecrets(stack),
    aggregateErrors: aggregateErrors?.map(shownError),
  };
}

/** Why a service cannot be used: `reason` ends the sentence that begins with "Postgres at db:5432". */
export class Unusable extends Error {
  constructor(
    readonly reason: string,
    /** Whether it may come right without anybody doing anything. */
    readonly passing: boolean,
    cause?: unknown,
  ) {
    super(reason, { cause });
  }
}

/** Services that were waited for in vain. Its message is a line for a person, without a secret. */
export class ServiceAway extends Error {}

const passing: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^ECONNREFUSED$/, 'refuses connections'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'is not found: nobody knows this host name'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/, 'cannot be reached over the network'],
  [/^(ECONNRESET|EPIPE)$/, 'hangs up'],
];
const certificate = /CERT|SIGNATURE|SELF_SIGNED|TLS|SSL/;

/** What the network says about a server, in words; undefined for what it did not say. */
export function networkFault(error: unknown): Unusable | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  const found = passing.find(([pattern]) => pattern.test(code));
  if (found) return new Unusable(found[1], true, error);
  if (!/^E?[A-Z_]+$/.test(code) || !certificate.test(code)) return undefined;
  return new Unusable(`has no certificate that is trusted here (${code})`, false, error);
}

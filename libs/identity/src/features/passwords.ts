import { hash, verify } from 'argon2';
import pLimit from 'p-limit';
import { DomainError } from '#kernel';

/** argon2id with m = 19 MiB, t = 2, p = 1: the first choice of the OWASP Password Storage Cheat Sheet. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Each takes a processor and 19 MiB for some 40 ms: a flood of logins must leave both to the rest of the process. */
const atOnce = pLimit(2);
/** About 25 seconds of work. Whoever comes after them would have given up before an answer. */
const mostWaiting = 1_000;

/** Verified when there is no account, so that an unknown address costs the same time as a known one. */
const nobody = hash('nobody has this password', cost);

export const hashPassword = (password: string): Promise<string> =>
  inTurn(() => hash(normalised(password), cost));

/** Whether the password fits; false where there is no account, or one without a password, after the same work. */
export async function passwordFits(
  passwordHash: string | null | undefined,
  password: string,
): Promise<boolean> {
  const expected = passwordHash ?? (await nobody);
  // Older hashes are of the password as it was typed. Where that differs, it alone decides how much is done.
  for (const form of new Set([normalised(password), password])) {
    const fits = await inTurn(() => verify(expected, form));
    if (fits) return typeof passwordHash === 'string';
  }
  return false;
}

/** One keyboard sends `é` as one character, another as two: either is the same password (NIST SP 800-63B, 5.1.1.2). */
const normalised = (password: string): string => password.normalize('NFKC');

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (atOnce.pendingCount < mostWaiting) return atOnce(work);
  throw new DomainError(
    'unavailable',
    'identity.busy',
    'Too many passwords are being checked at this moment; try again shortly.',
  );
}

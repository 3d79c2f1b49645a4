import { hash, verify } from 'argon2';

/** argon2id with m = 19 MiB, t = 2, p = 1: the first choice of the OWASP Password Storage Cheat Sheet. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Verified when there is no account, so that an unknown address costs the same time as a known one. */
const nobody = hash('nobody has this password', cost);

export const hashPassword = (password: string): Promise<string> => hash(password, cost);

/** Whether the password fits; false for an absent account, after the same work. */
export async function passwordFits(passwordHash: string | undefined, password: string): Promise<boolean> {
  const fits = await verify(passwordHash ?? (await nobody), password);
  return fits && passwordHash !== undefined;
}

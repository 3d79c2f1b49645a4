import { DomainError } from '#kernel';
import { normaliseEmail } from '../domain/user.ts';

/** Words of this place, which anybody who guesses tries first (OWASP ASVS 5, 6.2.11). */
const ourWords = ['tocsin'];

/**
 * Refuses a new password that is guessed in the first few thousand tries: a common one, the address or a word of this
 * place, also with digits or signs around it, or one character again and again.
 * @param pointer where the password stands in the body of the request
 * @throws DomainError `identity.password-common`
 */
export async function assertPasswordAllowed(
  password: string,
  email: string,
  pointer = '/password',
): Promise<void> {
  const guess = password.normalize('NFKC').toLowerCase();
  const bare = guess.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const address = normaliseEmail(email);
  const words = [address, address.slice(0, address.lastIndexOf('@')), ...ourWords];
  const guessable =
    new Set(guess).size === 1 ||
    words.some((word) => word === guess || word === bare) ||
    (await commonPasswords()).has(guess);
  if (!guessable) return;
  const detail = 'Choose another password: this is one of the first that would be guessed.';
  throw new DomainError('invalid', 'identity.password-common', detail, [{ pointer, detail }]);
}

let common: Promise<Set<string>> | undefined;

/** In lower case. Read when the first password is chosen (30 ms), since most processes never need it. */
export const commonPasswords = (): Promise<Set<string>> =>
  (common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  ));
